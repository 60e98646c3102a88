internal import Glibc
internal import Machine

/// Reads the files of a configuration and puts their keys together.
///
/// Files may not repeat each other's keys, in whatever spelling; `--set` may.
struct ConfigurationLoader {
  private(set) var loaded = LoadedConfiguration()
  private(set) var report = ConfigurationReport()
  /// The paths of the files by what tells them apart.
  private var identities: [FileIdentity: String] = [:]
  /// Whether all files could be read: else what is missing may stand in them.
  private(set) var isComplete = true

  init(_ request: ConfigurationRequest) {
    for file in request.files { read(file, in: request.folder) }
    spreadExtraArguments()
    for setting in request.settings { set(setting) }
  }

  // MARK: - Files

  private mutating func read(_ name: String, in folder: String?) {
    let path = Self.path(of: name, in: folder)
    // Each of its keys would be a problem of its own.
    if let identity = FileIdentity(path), let other = identities.updateValue(path, forKey: identity)
    {
      report.problem(
        (other == path ? "is named twice" : "is the same file as \(other)") + "; name it once",
        at: SourcePlace(file: path))
      return
    }
    let bytes: [UInt8]
    do throws(SystemError) {
      let file = try InputFile(path: path)
      let buffer = try file.readAll(limit: YAMLEvent.byteLimit)
      bytes = unsafe buffer.bytes.withUnsafeBytes { unsafe Array($0) }
    } catch {
      let origin = path == name ? "" : " (for \(name))"
      // The place names the file.
      let reason = SystemError(call: error.call, path: "", code: error.code)
      report.problem(
        "cannot be read\(origin): \(reason)\(Self.hint(name, path))", at: SourcePlace(file: path))
      isComplete = false
      return
    }
    let base = path.split(separator: "/").last.map(String.init) ?? path
    if loaded.texts.contains(where: { $0.name == base }) {
      report.problem(
        "another configuration file is named \(base) too; checkpoints keep files by their names",
        at: SourcePlace(file: path))
    }
    loaded.paths.append(path)
    loaded.texts.append((base, String(decoding: bytes, as: UTF8.self)))
    let (root, faults) = YAMLComposer.document(bytes, file: path)
    for fault in faults { report.problem(fault.reason, at: fault.place) }
    if !faults.isEmpty { isComplete = false }
    guard let root else { return }
    guard case .map(let entries) = root.value else {
      report.problem(
        "found \(root.value.found); a configuration is a mapping of keys", at: root.place)
      isComplete = false
      return
    }
    for entry in entries { add(entry) }
  }

  /// What to do about a file that is not there.
  private static func hint(_ name: String, _ path: String) -> String {
    if name.contains("=") { return "; a change is given as --set \(name)" }
    if DurableFile.isFolder(name) {
      return "; \(name) is a folder, where the file of a configuration was expected; a folder of"
        + " weights is what the key load names, or --load behind a configuration"
    }
    let folder = DurableFile.folder(of: path)
    let names = ((try? FolderContents.names(folder)) ?? []).filter {
      [".yml", ".yaml", ".json"].contains(where: $0.hasSuffix)
    }
    guard let near = closestName(to: DurableFile.name(of: path), among: names) else { return "" }
    return "; did you mean \(path.contains("/") ? folder + "/" + near : near)?"
  }

  /// The path of a file: `.yml` is added to a name without it, unless the file is there as it is.
  static func path(of name: String, in folder: String?) -> String {
    let whole = folder.map { name.hasPrefix("/") ? name : joined($0, name) } ?? name
    if whole.hasSuffix(".yml") || whole.hasSuffix(".json") { return whole }
    if whole.hasSuffix(".yaml"), isThere(whole) { return whole }
    return whole + ".yml"
  }

  private static func joined(_ folder: String, _ name: String) -> String {
    folder.isEmpty || folder.hasSuffix("/") ? folder + name : folder + "/" + name
  }

  private static func isThere(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

  // MARK: - Keys

  private mutating func add(_ entry: ConfigurationEntry) {
    let (name, node) = Self.canonical(entry)
    if let before = loaded.given[name] {
      let spelled = before.spelling == entry.key ? "" : " as \(before.spelling)"
      let text = "is given twice; it also stands at \(before.place)\(spelled)"
      // GPT-NeoX does not notice a later key with dashes, and its own files count on it.
      if entry.key.contains("-"), before.node.value.isSame(as: node.value) {
        report.warning(text + ", with the same value", key: entry.key, at: entry.place)
      } else {
        report.problem(text, key: entry.key, at: entry.place)
      }
      return
    }
    insert(name, .init(spelling: entry.key, place: entry.place, node: node))
  }

  private mutating func insert(_ name: String, _ given: LoadedConfiguration.Given) {
    if loaded.given.updateValue(given, forKey: name) == nil { loaded.order.append(name) }
  }

  /// A key's name in the table, and its value as that key takes it.
  private static func canonical(
    _ entry: ConfigurationEntry
  ) -> (name: String, node: ConfigurationNode) {
    let name = String(entry.key.map { $0 == "-" ? "_" : $0 })
    guard ConfigurationTable.keys[name] == nil, let alias = ConfigurationTable.aliases[name] else {
      return (name, entry.node)
    }
    guard alias.isElement, case .string = entry.node.value else { return (alias.name, entry.node) }
    return (alias.name, ConfigurationNode(.list([entry.node]), at: entry.node.place))
  }

  // MARK: - DeepSpeed's own keys

  private static let extraArguments = "deepspeed_extra_args"

  /// Moves keys of `deepspeed_extra_args` that GPT-NeoX has as well to the top level, and looks at
  /// the others.
  private mutating func spreadExtraArguments() {
    guard case .map(let entries)? = loaded.given[Self.extraArguments]?.node.value else { return }
    for entry in entries {
      if Self.sharedKeys.contains(entry.key) {
        moveExtraArgument(entry)
      } else {
        tellForeign(entry.key, at: entry.place)
      }
    }
  }

  /// Keys of `deepspeed_extra_args` that GPT-NeoX has as well.
  private static let sharedKeys = ConfigurationTable.engine.map(\.name)

  /// Tells what becomes of a key that GPT-NeoX does not have.
  private mutating func tellForeign(_ key: String, at place: SourcePlace) {
    let name = "\(Self.extraArguments).\(key)"
    if let reason = DeepSpeedKeys.extra[key] {
      report.unused(name, at: place, because: reason)
      return
    }
    let nearest = closestName(
      to: key, among: Self.sharedKeys + DeepSpeedKeys.extra.keys.sorted())
    report.problem(
      "DeepSpeed has no such key" + (nearest.map { "; did you mean \($0)?" } ?? ""),
      key: name, at: place)
  }

  private mutating func moveExtraArgument(_ entry: ConfigurationEntry) {
    guard let before = loaded.given[entry.key] else {
      insert(entry.key, .init(spelling: entry.key, place: entry.place, node: entry.node))
      return
    }
    report.problem(
      "is given twice; it also stands at \(before.place), outside deepspeed_extra_args",
      key: entry.key, at: entry.place)
  }

  // MARK: - --set

  private mutating func set(_ setting: String) {
    let place = SourcePlace(setting: setting)
    let parts = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let path = parts[0].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, path.allSatisfy({ !$0.isEmpty }) else {
      report.problem("KEY=VALUE was expected, as in --set train_iters=1000", at: place)
      return
    }
    let (node, faults) = YAMLComposer.document(Array(parts[1].utf8), file: place.file)
    // An empty value is nothing, as it is behind a key of a file.
    if !parts[1].isEmpty, let fault = faults.first {
      report.problem(fault.reason, at: place)
      return
    }
    set(path[...], to: ConfigurationNode(node?.value ?? .null, at: place), at: place)
  }

  private mutating func set(
    _ path: ArraySlice<String>, to value: ConfigurationNode, at place: SourcePlace
  ) {
    guard let key = path.first else { return }
    let inner = path.dropFirst()
    let (name, whole) = Self.canonical(ConfigurationEntry(key, at: place, value))
    let old = loaded.given[name]?.node
    guard let new = inner.isEmpty ? whole : Self.replacing(inner, in: old, by: value) else {
      report.problem("\(key) is no mapping", at: place)
      return
    }
    insert(name, .init(spelling: key, place: place, node: new))
    guard name == Self.extraArguments else { return }
    if !inner.isEmpty {
      setExtraArgument(inner, to: value, at: place)
    } else if case .map(let entries) = value.value {
      for entry in entries { setExtraArgument([entry.key], to: entry.node, at: place) }
    }
  }

  private mutating func setExtraArgument(
    _ path: ArraySlice<String>, to value: ConfigurationNode, at place: SourcePlace
  ) {
    guard let key = path.first else { return }
    if Self.sharedKeys.contains(key) {
      set(path, to: value, at: place)
    } else {
      tellForeign(key, at: place)
    }
  }

  /// A mapping with the value under `path` changed; `nil` where something on the way is none.
  private static func replacing(
    _ path: ArraySlice<String>, in node: ConfigurationNode?, by value: ConfigurationNode
  ) -> ConfigurationNode? {
    guard let key = path.first else { return value }
    var entries: [ConfigurationEntry] = []
    switch node?.value {
    case .map(let old)?: entries = old
    case nil, .null?: break
    default: return nil
    }
    let index = entries.firstIndex { $0.key == key }
    guard
      let inner = replacing(path.dropFirst(), in: index.map { entries[$0].node }, by: value)
    else { return nil }
    let entry = ConfigurationEntry(key, at: value.place, inner)
    if let index { entries[index] = entry } else { entries.append(entry) }
    return ConfigurationNode(.map(entries), at: node?.place ?? value.place)
  }
}
