/**
 * Asks imattrd, a daemon of this machine, for the attributes of Tencent Chat accounts. Begin at
 * {@link imattr.IMAttrClient}.
 */
package imattr;
