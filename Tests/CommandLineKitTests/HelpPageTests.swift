import CommandLineKit
import Testing

struct HelpPageTests {
  @Test func theWholePageIsAsExpected() {
    let page = helpPage(
      SampleCommand.page, program: "neox", groups: SampleCommand.groups, defaults: SampleCommand())
    #expect(page == expected)
  }

  @Test func noLineIsTooLong() {
    for line in expected.split(separator: "\n") { #expect(line.count <= 80) }
  }

  @Test func aProgramListsItsCommands() throws {
    let program = Program(
      page: CommandPage(name: "neox", summary: "do things", description: ["It does things."]),
      version: "1", commands: [.init(SampleCommand.self)])
    let page = try #require(program.help())
    #expect(page.contains("COMMANDS\n    sample  show one argument of each kind\n"))
    #expect(program.help(of: "sample") != nil && program.help(of: "other") == nil)
    #expect(program.faults == [])
  }

  private let expected = """
    NAME
        neox sample - show one argument of each kind

    SYNOPSIS
        neox sample [options] --prefix PREFIX FILE [FILE ...]

    DESCRIPTION
        A command that exists to be parsed. Its description is long enough to be
        wrapped at the eightieth column, as every page is.

        It has a second paragraph.

    INPUT
        FILE [FILE ...]
            files to read

        -k, --keys KEY [KEY ...]
            keys to read (default: text)

    OUTPUT
        --prefix PREFIX
            where files go (required)

        -o, --output FILE
            a report

        -f, --force
            replace what exists

    WORK
        --workers WORKERS
            threads (default: 1)

        --memory MEMORY
            the most memory to take (default: 1GiB)

        --pause PAUSE
            time between reports (default: 30s)

        --flavour vanilla|mint|ginger
            the taste of it (default: vanilla)

        --share SHARE
            a part of one (default: 0.5)

        -v, --verbose
            say more

        --note TEXT
            a remark; may be repeated

    GENERAL
        -h, --help
            show this page and end

    EXAMPLES
        Parse two files:

            $ sample a.txt b.txt --prefix out/p --keys text meta

        A command that is too long for one line:

            $ sample a.txt --prefix out/with-a-long-name --keys text meta title \\
              --workers 16 --force

    EXIT STATUS
        0  The work is done.
        1  It failed; the reason is on standard error.
        2  The command line is wrong; nothing was read or written.

    FILES
        PREFIX.bin  The tokens.

    """
}
