import Testing

@testable import Preprocess

@Suite("Corpora")
struct CorpusTests {
  @Test("the table has every corpus of prepare_data.py")
  func names() {
    let names = [
      "enwik8", "enron", "pile_subset", "pile", "github", "arxiv", "europarl", "freelaw", "nih",
      "pubmed", "books1", "books3", "hackernews", "openwebtext2", "stackexchange", "ubuntu_irc",
      "youtube_subtitles", "c4", "c4_openwebtext",
    ]
    #expect(Set(Corpus.table.map(\.name)) == Set(names))
    #expect(Corpus.table.count == names.count)
    #expect(Corpus.named("pass") == nil)
  }

  @Test("parts are numbered as the server numbers them")
  func parts() throws {
    let pile = try #require(Corpus.named("pile"))
    #expect(pile.files.count == 30)
    #expect(pile.files[29].url == "https://the-eye.eu/public/AI/pile/train/29.jsonl.zst")
    #expect(pile.path(of: pile.files[3]) == "pile/03.jsonl.zst")
    let subset = try #require(Corpus.named("pile_subset"))
    #expect(subset.path(of: subset.files[0]) == "pile_00/00.jsonl.zst")
    let c4 = try #require(Corpus.named("c4"))
    #expect(c4.files.count == 1024)
    #expect(c4.files[1023].name == "c4-train.01023-of-01024.json.gz")
    #expect(
      Corpus.named("c4_openwebtext")?.files.last?.url
        == "https://the-eye.eu/eleuther_staging/c4/realnewslike/c4-train.00511-of-00512.json.gz")
  }

  @Test("files have names and addresses that differ")
  func distinct() {
    for corpus in Corpus.table {
      #expect(Set(corpus.files.map(\.name)).count == corpus.files.count)
      #expect(corpus.files.allSatisfy { !$0.name.isEmpty })
    }
  }

  @Test("a mirror shows what a data folder holds")
  func mirror() {
    let file = RemoteFile(url: "https://a.example/deep/in/there/f.zip")
    #expect(file.address(mirror: nil, pathInFolder: "c/f.zip") == file.url)
    #expect(file.address(mirror: "http://m/x", pathInFolder: "c/f.zip") == "http://m/x/c/f.zip")
    #expect(file.address(mirror: "file:///d/", pathInFolder: "c/f.zip") == "file:///d/c/f.zip")
  }
}
