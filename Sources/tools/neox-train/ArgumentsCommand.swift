import CommandLineKit
import Train

/// `neox-train arguments`: prints the page of all arguments.
struct ArgumentsCommand: Command {
  static let page = CommandPage(
    name: "arguments", summary: "print all arguments of configurations as Markdown",
    description: ["Documentation/arguments.md is what this prints."])

  static let groups: [ArgumentGroup<Self>] = []

  func run() throws {
    StandardOutput.shared.write(ConfigurationTable.markdown)
  }
}
