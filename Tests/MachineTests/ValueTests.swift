import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Machine

@Suite("Content hash")
struct ContentHashTests {
  static func hash(_ text: String) -> String {
    ContentHash.text(ContentHash.hash(Array(text.utf8).span.bytes))
  }

  @Test("known values of XXH64")
  func known() {
    #expect(Self.hash("") == "ef46db3751d8e999")
    #expect(Self.hash("a") == "d24ec4f1a98c6e5b")
    #expect(Self.hash("abc") == "44bc2cf5ad770999")
    #expect(Self.hash("The quick brown fox jumps over the lazy dog") == "0b242d361fda71bc")
  }

  @Test("saved at any place and taken up again, the hash is the same")
  func saved() throws {
    let bytes = (0..<200).map { UInt8($0) }
    let whole = ContentHash.hash(bytes.span.bytes)
    for cut in 0...200 {
      var first = ContentHash()
      first.update(bytes.span.bytes.extracting(first: cut))
      var second = try #require(ContentHash(saved: first.saved))
      second.update(bytes.span.bytes.extracting(droppingFirst: cut))
      #expect(second.value == whole, "cut at \(cut)")
    }
    var broken = ContentHash().saved
    broken[72] = 32
    #expect(ContentHash(saved: broken) == nil)
    #expect(ContentHash(saved: []) == nil)
  }
}

@Suite("JSON text")
struct JSONTextTests {
  let value: JSONText = [
    "b": [1, -2, 2.5, true, nil, []], "a": ["x": "q\"\\\n\t\u{1}\u{7F}é😀"], "e": [:],
  ]

  @Test("compact text keeps the order of members")
  func compact() {
    #expect(
      value.text()
        == #"{"b":[1,-2,2.5,true,null,[]],"a":{"x":"q\"\\\n\t\u0001\u007fé😀"},"e":{}}"#)
  }

  @Test("pretty text")
  func pretty() {
    let small: JSONText = ["b": [1, 2], "e": [:], "s": .unsigned(.max)]
    #expect(
      small.text(.pretty) == """
        {
          "b": [
            1,
            2
          ],
          "e": {},
          "s": 18446744073709551615
        }
        """)
  }

  @Test("any bytes make a string that another parser reads back")
  func anyBytes() throws {
    for seed in UInt64(0)..<200 {
      var generator = SeededGenerator(seed: seed)
      let bytes = (0..<50).map { _ in UInt8.random(in: 0...255, using: &generator) }
      let text = JSONText.array([JSONText(bytes: bytes)]).bytes()
      let back = try JSONSerialization.jsonObject(with: Data(text)) as? [String]
      #expect(back == [String(decoding: bytes, as: UTF8.self)], "seed \(seed)")
    }
  }

  @Test("lines of objects, one after another, are what each would be by itself")
  func lines() throws {
    var line = JSONLine()
    let objects: [[JSONText.Member]] = [
      [.init("a\"\n", .number(1 / 3)), .init("b", .string("c\\")), .init("d", .null)], [],
      [.init("e", .number(.nan)), .init("f", [1, true]), .init("g", .number(-2e-300))],
    ]
    for members in objects {
      for member in members { line.add(member.name, member.value) }
      var text = ""
      line.finish { (bytes: RawSpan) in
        text = unsafe bytes.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
      }
      #expect(text == JSONText.object(members).text() + "\n")
    }
  }

  @Test("numbers that JSON has not become null")
  func odd() {
    #expect(JSONText.array([.number(.nan), .number(-.infinity)]).text() == "[null,null]")
    #expect(JSONText.number(0.1).text() == "0.1")
    #expect(JSONText.integer(.min).text() == "-9223372036854775808")
  }
}

@Suite("Byte buffer")
struct ByteBufferTests {
  @Test("grows, cuts and keeps its bytes")
  func grows() {
    var buffer = ByteBuffer()
    #expect(buffer.array == [])
    for value in 0..<1000 { buffer.append(UInt8(truncatingIfNeeded: value)) }
    buffer.append(number: UInt16(0x0102))
    #expect(buffer.array.suffix(4) == [230, 231, 2, 1])
    buffer.removeFirst(998)
    #expect(buffer.array == [230, 231, 2, 1])
    buffer.truncate(to: 1)
    unsafe buffer.append(room: 10) { room in
      room[0] = 5
      return 1
    }
    #expect(buffer.array == [230, 5])
    buffer.reserve(5 << 20)
    #expect(buffer.array == [230, 5])
    #expect(buffer.capacity >= 5 << 20)
  }

  @Test("a pool hands the same memory out again, up to its limit")
  func pool() {
    let pool = BufferPool(byteLimit: 1000)
    var buffer = pool.take()
    buffer.reserve(600)
    let capacity = buffer.capacity
    pool.give(buffer)
    pool.give(ByteBuffer(capacity: 900))
    let again = pool.take()
    #expect(again.capacity == capacity && again.count == 0)
    #expect(pool.take().capacity == 0)
  }
}

// Signals concern the whole process.
@Suite("Interruption and stopwatch", .serialized)
struct InterruptionTests {
  @Test("raised and cleared")
  func raise() {
    let interruption = Interruption()
    #expect(!interruption.isRaised)
    interruption.raise(15)
    #expect(interruption.isRaised && interruption.signalNumber == 15)
    interruption.clear()
    #expect(!interruption.isRaised)
  }

  private static let heardOutside = Atomic<Int>(0)

  @Test("a signal raises the process's own, and what comes late for a body is heard after it")
  func signal() {
    Interruption.listen()
    // The threads that run tests block signals.
    var mine = sigset_t()
    sigemptyset(&mine)
    sigaddset(&mine, SIGTERM)
    pthread_sigmask(SIG_UNBLOCK, &mine, nil)
    Glibc.raise(SIGTERM)
    #expect(Interruption.process.signalNumber == SIGTERM)
    Interruption.process.clear()

    Glibc.signal(SIGTERM) { _ in Self.heardOutside.add(1, ordering: .relaxed) }
    Interruption.listening {
      Glibc.raise(SIGTERM)
      #expect(Interruption.process.signalNumber == SIGTERM)
      #expect(Self.heardOutside.load(ordering: .relaxed) == 0)
    }
    Interruption.process.clear()
    #expect(Self.heardOutside.load(ordering: .relaxed) == 1)

    #expect(Interruption.unignored.contains(SIGTERM))
    Glibc.signal(SIGTERM, SIG_IGN)
    #expect(!Interruption.unignored.contains(SIGTERM))
    Interruption.listening { _ = Glibc.raise(SIGTERM) }
    #expect(!Interruption.process.isRaised)
    Glibc.signal(SIGTERM, SIG_DFL)
  }

  private struct Other: Error, Equatable { var isEnd = false }
  private static let heardLate = Atomic<Int>(0)

  @Test("a signal that did not end a body that failed is heard after it", arguments: [false, true])
  func failure(isEnd: Bool) {
    let handler = Glibc.signal(SIGHUP) { _ in Self.heardLate.add(1, ordering: .relaxed) }
    defer { Glibc.signal(SIGHUP, handler) }
    var mine = sigset_t()
    sigemptyset(&mine)
    sigaddset(&mine, SIGHUP)
    pthread_sigmask(SIG_UNBLOCK, &mine, nil)
    Self.heardLate.store(0, ordering: .relaxed)
    func fail() throws(Other) {
      Glibc.raise(SIGHUP)
      throw Other(isEnd: isEnd)
    }
    #expect(throws: Other(isEnd: isEnd)) {
      try Interruption.listening(endedBy: \.isEnd, fail)
    }
    #expect(Interruption.process.signalNumber == SIGHUP)
    #expect(Self.heardLate.load(ordering: .relaxed) == (isEnd ? 0 : 1))
    // What was raised before is no affair of the body's.
    Interruption.listening {}
    #expect(Self.heardLate.load(ordering: .relaxed) == (isEnd ? 0 : 1))
    Interruption.process.clear()
  }

  @Test("signals that were blocked are blocked again, and one stack is enough")
  func state() {
    var blocked = sigset_t()
    sigemptyset(&blocked)
    sigaddset(&blocked, SIGHUP)
    pthread_sigmask(SIG_BLOCK, &blocked, nil)
    var stacks: [UInt] = []
    for _ in 0..<2 {
      Interruption.listening {
        var now = sigset_t()
        pthread_sigmask(SIG_BLOCK, nil, &now)
        #expect(sigismember(&now, SIGHUP) == 0)
        var stack = stack_t()
        sigaltstack(nil, &stack)
        stacks.append(UInt(bitPattern: stack.ss_sp))
      }
    }
    var now = sigset_t()
    pthread_sigmask(SIG_BLOCK, nil, &now)
    #expect(sigismember(&now, SIGHUP) == 1)
    #expect(stacks[0] != 0 && stacks[0] == stacks[1])
  }

  @Test("time goes on")
  func stopwatch() {
    let stopwatch = Stopwatch()
    let first = stopwatch.nanoseconds
    #expect(stopwatch.nanoseconds >= first && stopwatch.seconds >= 0)
  }
}
