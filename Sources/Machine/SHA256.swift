internal import CCrypto
internal import Glibc

/// SHA-256 of files, as vocabularies and downloads are known by.
package enum SHA256 {
  /// The checksum of a file's bytes in lowercase hexadecimal.
  ///
  /// - Throws: ``SystemError`` when the file cannot be read.
  package static func hexadecimal(ofFileAt path: String) throws(SystemError) -> String {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemError(call: "open", path: path, code: errno) }
    defer { close(descriptor) }
    var state = State()
    let room = 1 << 20
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: room, alignment: 64)
    defer { unsafe buffer.deallocate() }
    while true {
      let count = unsafe read(descriptor, buffer.baseAddress, room)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw SystemError(call: "read", path: path, code: errno) }
      guard count > 0 else { break }
      unsafe state.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
    return state.finish()
  }

  /// The checksum of some bytes in lowercase hexadecimal.
  package static func hexadecimal(of bytes: [UInt8]) -> String {
    var state = State()
    unsafe bytes.withUnsafeBytes { unsafe state.update($0) }
    return state.finish()
  }

  @safe
  private struct State: ~Copyable {
    private let context: OpaquePointer?

    init() {
      unsafe context = EVP_MD_CTX_new()
      unsafe EVP_DigestInit_ex(context, EVP_sha256(), nil)
    }

    deinit {
      unsafe EVP_MD_CTX_free(context)
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
      unsafe EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
    }

    mutating func finish() -> String {
      var digest = [UInt8](repeating: 0, count: 32)
      unsafe digest.withUnsafeMutableBufferPointer {
        _ = unsafe EVP_DigestFinal_ex(context, $0.baseAddress, nil)
      }
      let digits = Array("0123456789abcdef".utf8)
      let text = digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
      return String(decoding: text, as: UTF8.self)
    }
  }
}
