import Testing

/// `#expect` cannot call what changes a value, so this compares what such a call has given.
func expect<Value: Equatable>(
    _ value: Value, is expected: Value, _ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(value == expected, comment, sourceLocation: sourceLocation)
}
