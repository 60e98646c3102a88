import Testing

@testable import Train

@Suite("Gradients of a step's only pass")
struct GradientMemoryTests {
  private static let rows = ModelTests.batch.rowCount * ModelTests.batch.columnCount

  /// Models whose gradients are written in different orders.
  private static func settings(_ kind: String) -> ModelSettings {
    var settings = ModelTests.settings()
    switch kind {
    case "side by side": settings.isParallel = true
    case "tied": settings.head = .tied
    case "recomputed": settings.checkpointedLayers = 1
    case "learned positions": settings.positions = .learned(count: 20, offset: 0)
    default: break
    }
    return settings
  }

  @Test(
    "they are the sums, though activations lie where they are going to be written",
    arguments: ["tied", "untied", "side by side", "recomputed", "learned positions"])
  func sameBits(kind: String) throws {
    let settings = Self.settings(kind)
    let sums = try ModelTests.run(settings)
    for passes in [1, 3] {
      let once = try ModelTests.run(settings, passes: passes, gradients: .once(rows: Self.rows))
      #expect(once == sums)
    }
  }

  @Test("in bfloat16 they are rounded once", arguments: ["tied", "untied", "side by side"])
  func narrow(kind: String) throws {
    let settings = Self.settings(kind)
    let sums = try ModelTests.run(settings, type: .bfloat16)
    let once = try ModelTests.run(
      settings, type: .bfloat16, passes: 2, gradients: .once(rows: Self.rows))
    #expect(once.loss == sums.loss)
    // A tied weight's gradient is made of two parts, each rounded.
    let tolerance = 3 * 0x1p-9
    for (first, second) in zip(once.gradients, sums.gradients) {
      #expect(relativeDifference(first, second) < tolerance)
      #expect(first.allSatisfy { $0.bitPattern & 0xFFFF == 0 })
    }
  }

  @Test("a pass takes less memory of its own where gradients lend theirs")
  func lent() throws {
    let settings = ModelTests.settings(layers: 4)
    func byteCount(_ kind: GradientKind) throws -> Int {
      let model = try GPTNeoX(settings, gradients: kind, engine: CPUEngine(threads: 1))
      return try model.makeWorkspace(batch: 2, length: 20, training: true).byteCount
    }
    #expect(try byteCount(.once(rows: Self.rows)) < byteCount(.sums))
  }

  @Test("a head whose rows are cut keeps sums in float32")
  func headOfManyRows() throws {
    let layout = ModelLayout(ModelTests.settings())
    func type(_ rows: Int) -> ScalarType {
      GradientKind.once(rows: rows).type(of: layout.head, layout, model: .bfloat16)
    }
    // 64 Mi logits are made at a time.
    #expect(type(1 << 20) == .bfloat16)
    #expect(type(1 << 21) == .float32)
    #expect(GradientKind.sums.type(of: 0, layout, model: .bfloat16) == .float32)
    #expect(GradientKind.once(rows: 1).type(of: 0, layout, model: .float16) == .float16)
  }
}
