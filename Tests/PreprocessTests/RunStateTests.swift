import TestSupport
import Testing

@testable import Preprocess

@Suite("Run state")
struct RunStateTests {
  private func sample() -> RunState {
    var state = RunState(outputCount: 2)
    var position = SourcePosition()
    position.input = 3
    position.byte = 1 << 40
    position.line = 17
    position.pipes = [
      PipeMark(input: 0, byteCount: 1 << 42, hash: .max, isWhole: true),
      PipeMark(input: 3, byteCount: 0, hash: 0, isWhole: false),
    ]
    state.position = position
    state.counts.read = 10
    state.counts.written = 4
    state.counts.empty = 3
    state.counts.skipped = 2
    state.counts.quarantined = 1
    state.policy = .skip
    state.isAbandoning = true
    state.outputs[1].documents = 4
    state.outputs[1].tokens = 1 << 41
    state.outputs[1].largest = 50_256
    state.outputs[1].endsFromText = 2
    state.outputs[1].lengths.add(length: 0)
    state.outputs[1].lengths.add(length: 1 << 31)
    state.outputs[0].open.tokens = 9
    state.outputs[0].open.largest = 8
    state.outputs[0].open.endsFromText = 7
    state.conversations.conversations = 5
    for name in ["user", "été", ""] { state.conversations.written.add(name, 3) }
    state.conversations.unwritten.overfill()
    state.conversations.absent.add("text")
    return state
  }

  @Test("what is stored comes back")
  func roundTrip() {
    let state = sample()
    #expect(RunState(storedBytes: state.storedBytes, outputCount: 2) == state)
    for count in [1, 3] {
      #expect(RunState(storedBytes: state.storedBytes, outputCount: count) == nil)
    }
    let fresh = RunState(outputCount: 1)
    #expect(RunState(storedBytes: fresh.storedBytes, outputCount: 1) == fresh)
  }

  @Test("other bytes are refused or give some state, and never trap")
  func mangled() {
    let bytes = sample().storedBytes
    #expect(RunState(storedBytes: [], outputCount: 2) == nil)
    #expect(RunState(storedBytes: Array(bytes.dropLast()), outputCount: 2) == nil)
    #expect(RunState(storedBytes: bytes + bytes.prefix(8), outputCount: 2) == nil)
    var older = bytes
    older[0] = 1
    #expect(RunState(storedBytes: older, outputCount: 2) == nil)
    var generator = SeededGenerator(seed: 5)
    for _ in 0..<2000 {
      var other = bytes
      other[Int.random(in: other.indices, using: &generator)] = .random(
        in: 0...255, using: &generator)
      _ = RunState(storedBytes: other, outputCount: 2)
    }
  }

  @Test("names are counted unless they are too many, in whatever order they come")
  func names() {
    var some = NameCounts()
    for name in ["b", "a", "b"] { some.add(name) }
    #expect(some.words == "b (2), a (1)" && some.total == 3)
    var many = NameCounts()
    for number in 0..<NameCounts.limit { many.add("\(number)") }
    #expect(many.words.hasSuffix(" and 56 more") && !many.isOverfull)
    var (left, right) = (some, many)
    left.add(many)
    right.add(some)
    #expect(left == right && left.isOverfull && left.counts.isEmpty)
  }

  @Test("lengths fall into classes that double")
  func histogram() {
    var lengths = LengthHistogram()
    for length in [0, 1, 2, 3, 4, 7, 8, Int(Int32.max)] { lengths.add(length: length) }
    #expect(lengths.trimmedCounts.prefix(5) == [1, 1, 2, 2, 1])
    #expect(lengths.counts[31] == 1)
    #expect(LengthHistogram(counts: Array(lengths.trimmedCounts)) == lengths)
    #expect(LengthHistogram(counts: Array(repeating: 0, count: 34)) == nil)
    #expect(LengthHistogram(counts: [-1]) == nil)
  }
}
