import TestSupport
import Testing

@testable import IndexedData

@Suite("The stable order")
struct StableOrderTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private func request(
    _ packing: Packing, _ documents: Range<Int>, length: Int, seed: UInt32 = 1234,
    chops: Bool = true, samples: Int = 10
  ) -> OrderRequest {
    OrderRequest(
      documents: documents, length: .samples(samples), sequenceLength: length, seed: seed,
      packing: packing, allowsChopping: chops)
  }

  /// Documents of which no token is like another, some without any.
  private func numbered(_ count: Int, seed: UInt64) -> Sample {
    var random = SeededGenerator(seed: seed)
    var next: Int64 = 0
    return Sample(
      documents: (0..<count).map { _ in
        let size = Bool.random(using: &random) ? Int.random(in: 0..<40, using: &random) : 0
        defer { next += Int64(size) }
        return (0..<size).map { next + Int64($0) }
      } + [[next, next + 1]], type: .int32)
  }

  @Test("packed: an epoch cuts the ring of tokens into samples, each once", arguments: 0..<12)
  func packed(number: Int) throws {
    let sample = numbered(60 + number, seed: UInt64(number))
    let text = try sample.dataset(folder, "n")
    let first = number % 3 * 10
    let documents = first..<sample.sequences.count
    let tokens = sample.sequences[documents].flatMap { $0 }
    let places = Dictionary(uniqueKeysWithValues: zip(tokens, tokens.indices))
    let length = 1 + number * 2
    let order = try StableOrder(
      request(.packed, documents, length: length), OrderData(text: text))
    let count = (tokens.count - 1) / length
    #expect(order.samplesPerEpoch == count)
    var starts: Set<Int> = []
    var everSeen: Set<Int64> = []
    for epoch in 0..<30 {
      var seen: Set<Int64> = []
      for place in 0..<count {
        let pieces = try order.pieces(epoch * count + place)
        #expect(pieces.reduce(0) { $0 + ($1.count ?? 0) } == length + 1)
        let ids = try order.tokens(epoch * count + place, text, length: length + 1)
        let start = try #require(places[ids[0]])
        #expect(ids == (0...length).map { tokens[(start + $0) % tokens.count] })
        seen.formUnion(ids.dropLast())
        if place == 0 { starts.insert(start) }
      }
      #expect(seen.count == count * length)
      everSeen.formUnion(seen)
    }
    #expect(starts.count > 5, "epochs are cut elsewhere")
    #expect(everSeen.count == tokens.count, "no token is left out for ever")
  }

  @Test("packed: fewer tokens than a sample go round")
  func short() throws {
    let text = try Sample(documents: [[], [1, 2], [3]]).dataset(folder, "s")
    let order = try StableOrder(request(.packed, 0..<3, length: 7), OrderData(text: text))
    #expect(order.samplesPerEpoch == 1)
    for epoch in 0..<20 {
      let ids = try order.tokens(epoch, text, length: 8)
      #expect(zip(ids, ids.dropFirst()).allSatisfy { $1 == $0 % 3 + 1 })
    }
    let empty = try Sample(documents: [[], []]).dataset(folder, "e")
    #expect(throws: IndexedDataError.self) {
      try StableOrder(request(.packed, 0..<2, length: 7), OrderData(text: empty))
    }
  }

  @Test(
    "what is asked for beside data, length and seed changes nothing", arguments: Packing.allCases)
  func independence(packing: Packing) throws {
    let text = try Sample.a.dataset(folder, "a")
    func order(_ samples: Int, seed: UInt32 = 1234, quirks: Bool = false) throws -> [[SamplePiece]]
    {
      var wanted = request(packing, 100..<900, length: 64, seed: seed, samples: samples)
      wanted.neoxQuirks = quirks
      let order = try StableOrder(wanted, OrderData(text: text))
      #expect(order.count == StableOrder.endlessCount)
      return try (0..<3000).map { try order.pieces($0) }
    }
    let first = try order(1)
    #expect(try first == order(100_000) && first == order(7, quirks: true))
    #expect(try first != order(1, seed: 4321))
    #expect(first.joined().allSatisfy { (100..<900).contains($0.document) })
  }

  @Test("unpacked: in each epoch every document once that trains something")
  func unpacked() throws {
    let text = try Sample.a.dataset(folder, "a")
    var labels = Sample.a.masked(period: 5)
    // Answered by nothing: the first label alone.
    labels.sequences[7] = labels.sequences[7].indices.map { $0 == 0 ? 3 : -100 }
    // Behind the sample's end.
    let long = try #require(labels.sequences.firstIndex { $0.count > 90 })
    labels.sequences[long] = labels.sequences[long].indices.map { $0 > 80 ? 3 : -100 }
    let data = OrderData(text: text, labels: try labels.dataset(folder, "l"))
    for chops in [true, false] {
      let expected = labels.sequences.indices.filter { document in
        let sequence = labels.sequences[document]
        return sequence.dropFirst().prefix(80).contains { $0 != -100 }
          && (chops || sequence.count <= 81)
      }
      let order = try StableOrder(
        request(.unpacked, 0..<1000, length: 80, chops: chops), data)
      #expect(order.samplesPerEpoch == expected.count)
      var epochs: Set<[Int]> = []
      for epoch in 0..<4 {
        let documents = try (0..<expected.count).map { place in
          let pieces = try order.pieces(epoch * expected.count + place)
          #expect(pieces.count == 1 && pieces[0].offset == 0 && pieces[0].count == nil)
          return pieces[0].document
        }
        #expect(documents.sorted() == expected)
        #expect(epochs.insert(documents).inserted && documents != expected)
      }
    }
  }

  @Test("pack until overflow: in each epoch every document once, as many together as fit")
  func packedUntilOverflow() throws {
    let text = try Sample.a.dataset(folder, "a")
    let labels = Sample.a.masked(period: 5)
    let data = OrderData(text: text, labels: try labels.dataset(folder, "l"))
    let room = 129
    let order = try StableOrder(request(.packUntilOverflow, 0..<1000, length: room - 1), data)
    let kept = labels.sequences.indices.filter { document in
      labels.sequences[document].dropFirst().contains { $0 != -100 }
    }
    var groups: [[Int]] = []
    var filled = 0
    for document in kept {
      let size = labels.sequences[document].count
      if groups.isEmpty || filled + size > room {
        groups.append([])
        filled = 0
      }
      groups[groups.count - 1].append(document)
      filled += size
    }
    #expect(order.samplesPerEpoch == groups.count)
    for epoch in 0..<3 {
      let drawn = try (0..<groups.count).map { place in
        try order.pieces(epoch * groups.count + place).map(\.document)
      }
      #expect(Set(drawn) == Set(groups) && drawn != groups)
    }
  }

  @Test("pairs: the longer answer counts, and both have to train something")
  func pairs() throws {
    let a = Sample.rule(300, length: 7919, modulo: 97, type: .int32)
    let n = Sample.rule(300, length: 104_729, modulo: 61, token: 17, type: .int32)
    let (l, m) = (a.masked(period: 5), n.masked(period: 7))
    let data = OrderData(
      text: try a.dataset(folder, "a"), labels: try l.dataset(folder, "l"),
      negative: try n.dataset(folder, "n"), negativeLabels: try m.dataset(folder, "m"))
    func trains(_ labels: Sample, _ document: Int) -> Bool {
      labels.sequences[document].dropFirst().prefix(50).contains { $0 != -100 }
    }
    let expected = (0..<300).filter { document in
      trains(l, document) && trains(m, document)
        && max(a.sequences[document].count, n.sequences[document].count) <= 51
    }
    for packing in [Packing.unpacked, .packUntilOverflow] {
      let order = try StableOrder(request(packing, 0..<300, length: 50, chops: false), data)
      let drawn = try (0..<order.samplesPerEpoch).flatMap { try order.pieces($0).map(\.document) }
      #expect(drawn.sorted() == expected)
    }
  }

  @Test("nothing left, and parts that are not there, are errors")
  func nothing() throws {
    let text = try Sample.t.dataset(folder, "t")
    for packing in [Packing.unpacked, .packUntilOverflow] {
      #expect(throws: IndexedDataError.self) {
        try StableOrder(request(packing, 2..<3, length: 1, chops: false), OrderData(text: text))
      }
    }
    for packing in Packing.allCases {
      #expect(throws: IndexedDataError.self) {
        try StableOrder(request(packing, 0..<6, length: 4), OrderData(text: text))
      }
    }
  }

  @Test("the samples of a document are those that name it", arguments: Packing.allCases)
  func naming(packing: Packing) throws {
    let sample = numbered(80, seed: 77)
    let text = try sample.dataset(folder, "n")
    for length in [1, 7, 31, 5000] {
      let order = try StableOrder(request(packing, 5..<75, length: length), OrderData(text: text))
      for range in [0..<(3 * order.samplesPerEpoch + 5), 9..<10, 7..<7] {
        var expected: [Int: [Int]] = [:]
        for index in range {
          for document in try Set(order.pieces(index).map(\.document)) {
            expected[document, default: []].append(index)
          }
        }
        for document in 0..<sample.sequences.count {
          #expect(try order.samples(naming: document, in: range) == expected[document] ?? [])
        }
      }
    }
  }

  @Test("choosing the k-th of some numbers", arguments: [0, 1, 7, 50, 99, 100])
  func selection(percent: Int) {
    var random = SeededGenerator(seed: UInt64(percent))
    var selection = BitSelection()
    let chosen = (0..<5000).filter { _ in
      let isChosen = Int.random(in: 0..<100, using: &random) < percent
      selection.append(isChosen)
      return isChosen
    }
    #expect(selection.count == chosen.count && selection.limit == 5000)
    #expect(chosen.indices.map { selection[$0] } == chosen)
    let set = Set(chosen)
    #expect((0..<5000).allSatisfy { selection.contains($0) == set.contains($0) })
    #expect(
      (0..<5000).allSatisfy { number in
        selection.rank(of: number) == chosen.count { $0 < number }
      })
  }
}
