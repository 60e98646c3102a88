import Foundation
import Synchronization

/// A small HTTP server on the loopback interface, whose misbehaviour a test decides.
public final class LoopbackServer: Sendable {
  /// What a client asked for.
  public struct Request: Sendable {
    public let path: String
    /// Header fields, names in lower case.
    public let fields: [String: String]

    /// The first byte of a `Range: bytes=N-` field.
    public var rangeStart: Int? {
      guard let range = fields["range"], range.hasPrefix("bytes="), range.hasSuffix("-") else {
        return nil
      }
      return Int(range.dropFirst(6).dropLast())
    }
  }

  /// What the server sends.
  public struct Reply: Sendable {
    public var status = 200
    public var fields: [String: String] = [:]
    public var body: [UInt8] = []
    /// The connection is closed after so many bytes of the body, whatever was announced.
    public var breaksAfter: Int?

    public init(
      status: Int = 200, fields: [String: String] = [:], body: [UInt8] = [],
      breaksAfter: Int? = nil
    ) {
      self.status = status
      self.fields = fields
      self.body = body
      self.breaksAfter = breaksAfter
    }

    /// A well-behaved answer to a request for a file, which honours ranges and entity tags.
    public static func file(
      _ content: [UInt8], tag: String, to request: Request, breaksAfter: Int? = nil
    ) -> Reply {
      let condition = request.fields["if-range"]
      if let start = request.rangeStart, condition == nil || condition == tag {
        guard start < content.count else {
          return Reply(status: 416, fields: ["Content-Range": "bytes */\(content.count)"])
        }
        return Reply(
          status: 206,
          fields: [
            "ETag": tag, "Content-Range": "bytes \(start)-\(content.count - 1)/\(content.count)",
          ],
          body: Array(content[start...]), breaksAfter: breaksAfter)
      }
      return Reply(status: 200, fields: ["ETag": tag], body: content, breaksAfter: breaksAfter)
    }
  }

  /// `http://127.0.0.1:PORT`.
  public let address: String
  private let listener: Int32
  private let log = Mutex<[Request]>([])

  /// Starts a server that answers each request, numbered from 0, with `answer`.
  public init(_ answer: @escaping @Sendable (Request, Int) -> Reply) throws {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &name) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, size) == 0 && listen(descriptor, 16) == 0
          && getsockname(descriptor, $0, &size) == 0
      }
    }
    guard descriptor >= 0, bound else { throw POSIXError(.EADDRNOTAVAIL) }
    listener = descriptor
    address = "http://127.0.0.1:\(UInt16(bigEndian: name.sin_port))"
    Thread { [self] in serve(answer) }.start()
  }

  /// The requests so far.
  public var requests: [Request] { log.withLock { $0 } }

  /// Stops listening.
  public func stop() {
    shutdown(listener, Int32(SHUT_RDWR))
  }

  private func serve(_ answer: @Sendable (Request, Int) -> Reply) {
    while true {
      let connection = accept(listener, nil, nil)
      guard connection >= 0 else { break }
      if let request = Self.readRequest(connection) {
        let number = log.withLock { requests in
          requests.append(request)
          return requests.count - 1
        }
        Self.send(answer(request, number), to: connection)
      }
      close(connection)
    }
    close(listener)
  }

  private static func readRequest(_ connection: Int32) -> Request? {
    var text = ""
    var bytes = [UInt8](repeating: 0, count: 4096)
    while !text.hasSuffix("\r\n\r\n") {
      let count = read(connection, &bytes, bytes.count)
      guard count > 0 else { return nil }
      text += String(decoding: bytes[..<count], as: UTF8.self)
    }
    let lines = text.components(separatedBy: "\r\n")
    let words = lines[0].split(separator: " ")
    guard words.count == 3 else { return nil }
    var fields: [String: String] = [:]
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      fields[line[..<colon].lowercased()] =
        line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
    }
    return Request(path: String(words[1]), fields: fields)
  }

  private static func send(_ reply: Reply, to connection: Int32) {
    var head = "HTTP/1.1 \(reply.status) Word\r\nConnection: close\r\n"
    head += "Content-Length: \(reply.body.count)\r\n"
    for (name, value) in reply.fields { head += "\(name): \(value)\r\n" }
    let bytes = Array((head + "\r\n").utf8) + reply.body.prefix(reply.breaksAfter ?? .max)
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.send(connection, $0.baseAddress! + done, bytes.count - done, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return }
      done += count
    }
  }
}
