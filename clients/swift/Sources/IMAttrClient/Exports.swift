// What the client's own declarations speak of, so that `import IMAttrClient` is enough.
@_exported import AttributeValues
@_exported import struct JSONRPC.ErrorObject
