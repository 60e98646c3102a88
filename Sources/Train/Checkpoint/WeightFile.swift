/// The weights of one safetensors file with GPT-NeoX's names, older ones included.
///
/// `mlp.dense_h_to_4h` and `mlp.dense_4h_to_h` were the names of `mlp.linear1` and `mlp.linear2`;
/// gated models had `mlp.w1` (gates), `mlp.w3` (values) and `mlp.w2` (output). The pipeline engine
/// leaves `sequential.` out. The weight that all layers share in relative position embedding stands
/// under each layer's name; the first is taken.
package struct WeightFile: NamedWeights {
  private let file: SafetensorsFile
  private static let sharedBias = ".attention.rpe.weight"
  // Each name with the tensors whose rows make it up.
  private let sources: [String: [String]]
  /// All names, as they are today.
  package let names: [String]

  /// The file's path.
  package var path: String { file.path }

  /// Opens a file.
  ///
  /// - Throws: what opening a ``SafetensorsFile`` throws.
  package init(path: String) throws(TrainError) { self.init(try SafetensorsFile(path: path)) }

  /// Takes an open file.
  package init(_ file: SafetensorsFile) {
    self.file = file
    var sources: [String: [String]] = [:]
    var names: [String] = []
    for entry in file.entries {
      guard let (plain, parts) = Self.current(entry.name) else { continue }
      let name = plain.first?.isNumber == true ? "sequential." + plain : plain
      if name.hasSuffix(Self.sharedBias), names.contains(where: { $0.hasSuffix(Self.sharedBias) }) {
        continue
      }
      if sources.updateValue(parts, forKey: name) == nil { names.append(name) }
    }
    self.sources = sources
    self.names = names
  }

  /// The shape of a weight; `nil` where there is none of that name.
  package func shape(_ name: String) -> [Int]? {
    guard let parts = sources[name] else { return nil }
    let shapes = parts.compactMap { file[$0]?.shape }
    guard shapes.count == parts.count, let first = shapes.first else { return nil }
    guard shapes.count > 1 else { return first }
    let rows = shapes.reduce(0) { $0 + ($1.first ?? 0) }
    let isOneWidth = shapes.allSatisfy { $0.dropFirst() == first.dropFirst() }
    return isOneWidth && !first.isEmpty ? [rows] + first.dropFirst() : nil
  }

  /// The numbers of a weight as fp32.
  package func floats(of name: String) throws(TrainError) -> [Float] {
    guard let parts = sources[name] else { return try file.floats(of: name) }
    var numbers: [Float] = []
    for part in parts { numbers += try file.floats(of: part) }
    return numbers
  }

  // Today's name of a tensor and what it is made of; `nil` for the second part of a pair.
  private static func current(_ name: String) -> (String, [String])? {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count >= 3, parts[parts.count - 3] == "mlp" else { return (name, [name]) }
    let stem = parts.dropLast(2).joined(separator: ".")
    let leaf = parts[parts.count - 1]
    switch parts[parts.count - 2] {
    case "dense_h_to_4h": return ("\(stem).linear1.\(leaf)", [name])
    case "dense_4h_to_h", "w2": return ("\(stem).linear2.\(leaf)", [name])
    case "w3": return ("\(stem).linear1.\(leaf)", [name, "\(stem).w1.\(leaf)"])
    case "w1": return nil
    default: return (name, [name])
    }
  }
}
