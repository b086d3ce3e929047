internal import JSON

extension CheckpointError {
  /// What breaks the safetensors format before any one tensor does.
  public enum HeaderProblem: Hashable, Sendable {
    /// Too short for the 8 bytes that give the header's length.
    case noLength(byteCount: Int)
    /// The text that Git LFS leaves in place of a file it has not fetched.
    case gitLFSPointer
    case tooShort(length: Int)
    case tooLong(length: UInt64, limit: Int)
    /// The header would end behind the end of the file.
    case pastEnd(length: Int, byteCount: Int)
    case notAnObject(firstByte: UInt8)
    case metadataNotAnObject(found: String)
    case metadataNotAString(key: String, found: String)
    /// The file ends before the last tensor does.
    case truncated(needed: Int, byteCount: Int)
    /// Bytes behind the last tensor.
    case trailingBytes(needed: Int, byteCount: Int)
  }

  /// What is wrong with one tensor's entry in the header; offsets count from the end of the header.
  public enum EntryProblem: Error, Hashable, Sendable {
    case notAnObject(found: String)
    case missingField(String)
    case unknownField(String)
    case invalidField(String, found: String, expected: String)
    case unknownType(String)
    /// `shape` times the size of an element is more bytes than can be counted.
    case sizeOverflow(shape: [Int])
    /// An element of less than a byte, and the tensor ends inside one.
    case partialByte(type: String, shape: [Int])
    case reversedOffsets(begin: Int, end: Int)
    case wrongSize(found: Int, expected: Int)
    /// It begins before the end of the tensor `other`.
    case overlap(other: String, begin: Int, expected: Int)
    /// Bytes that belong to no tensor come before it.
    case hole(begin: Int, expected: Int)
  }
}

extension CheckpointError.HeaderProblem: CustomStringConvertible {
  public var description: String {
    switch self {
    case .noLength(let byteCount):
      "has \(byteCount) bytes, expected at least 8 for a safetensors header's length; fetch the file again"
    case .gitLFSPointer: "is a Git LFS pointer, expected the file itself; run git lfs pull in its folder"
    case .tooShort(let length):
      "safetensors header has \(length) bytes, expected at least 2; is this a safetensors file?"
    case .tooLong(let length, let limit):
      "safetensors header has \(length) bytes, expected at most \(limit); is this a safetensors file?"
    case .pastEnd(let length, let byteCount):
      "safetensors header has \(length) bytes, but the file only \(byteCount) in all; is it cut short? fetch it again"
    case .notAnObject(let byte):
      "safetensors header begins with byte 0x\(String(byte, radix: 16)), expected \"{\"; is this a safetensors file?"
    case .metadataNotAnObject(let found):
      "__metadata__ is \(found), expected an object of strings; save the file again with the safetensors library"
    case .metadataNotAString(let key, let found):
      "__metadata__ \(key.quoted) is \(found), expected a string; save the file again with the safetensors library"
    case .truncated(let needed, let byteCount):
      "has \(byteCount) bytes, but its tensors need \(needed); the file is cut short: fetch it again"
    case .trailingBytes(let needed, let byteCount):
      "has \(byteCount) bytes, but its tensors end at \(needed); bytes that belong to no tensor follow: fetch it again"
    }
  }
}

extension CheckpointError.EntryProblem: CustomStringConvertible {
  public var description: String { "\(fault); save the file again with the safetensors library" }

  private var fault: String {
    switch self {
    case .notAnObject(let found): "is \(found), expected an object with dtype, shape and data_offsets"
    case .missingField(let field): "has no \(field), expected dtype, shape and data_offsets"
    case .unknownField(let field): "has the field \(field.quoted), expected only dtype, shape and data_offsets"
    case .invalidField(let field, let found, let expected): "\(field) is \(found), expected \(expected)"
    case .unknownType(let type): "has dtype \(type.quoted), expected one that the safetensors format knows"
    case .sizeOverflow(let shape): "has shape \(describe(shape: shape)), more bytes than can be counted"
    case .partialByte(let type, let shape):
      "has dtype \(type) and shape \(describe(shape: shape)), expected a whole number of bytes"
    case .reversedOffsets(let begin, let end): "has data_offsets [\(begin), \(end)], expected begin ≤ end"
    case .wrongSize(let found, let expected):
      "has \(found) bytes by its data_offsets, expected \(expected) by its shape"
    case .overlap(let other, let begin, let expected):
      "begins at \(begin), inside tensor \(other.quoted), expected \(expected)"
    case .hole(let begin, let expected): "begins at \(begin), expected \(expected) where the tensor before it ends"
    }
  }
}

/// A shape for a message: `[768, 2304]`, cut after eight sizes.
func describe(shape: [Int]) -> String {
  "[\(shape.prefix(8).map { String($0) }.joined(separator: ", "))\(shape.count > 8 ? ", …" : "")]"
}
