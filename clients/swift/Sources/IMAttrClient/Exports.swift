// The types that the client's own declarations use, so that `import IMAttrClient` is enough. Type aliases are not: in a package that
// enables MemberImportVisibility, as this one does, the members of a type are visible only where its module is imported.
// `imattr-client-driver` imports neither module, so it does not compile without these lines.
@_exported import AttributeValues
@_exported import struct JSONRPC.ErrorObject
