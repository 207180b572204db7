// The classes are those of `require`, so that an error of one is an error of the other.
export {
    ArgumentError,
    CancelledError,
    ConnectionLostError,
    DeadlineError,
    IMAttrClient,
    IMAttrError,
    ProtocolError,
    RefusedError,
    UnreachableError,
    version,
} from "./index.cjs";
