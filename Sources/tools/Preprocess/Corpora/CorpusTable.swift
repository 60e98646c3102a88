extension Corpus {
  /// The corpora of GPT-NeoX's `prepare_data.py`, under its names.
  ///
  /// Two that fail there work here: `stackexchange` (a `.tar` of texts) and `c4` (lines are objects).
  package static let table: [Corpus] = [
    Corpus(
      "enwik8", summary: "first 100 MB of the English Wikipedia of 2006, one single document",
      [
        RemoteFile(
          url: "http://mattmahoney.net/dc/enwik8.zip",
          sha256: "547994d9980ebed1288380d652999f38a14fe291a6247c157c3d33d4932534bc",
          byteCount: 36_445_475)
      ]),
    Corpus(
      "enron", summary: "e-mails of the Enron company", documentCount: 517_401,
      ["http://eaidata.bmk.sh/data/enron_emails.jsonl.zst"]),
    Corpus(
      "pile_subset", folder: "pile_00", summary: "the first of 30 parts of the Pile",
      [pilePart(0)]),
    Corpus("pile", summary: "the Pile, 30 parts", (0..<30).map(pilePart)),
    Corpus(
      "github", summary: "source code from GitHub",
      ["http://eaidata.bmk.sh/data/github_small.jsonl.zst"]),
    component(
      "arxiv", "2020-09-08-arxiv-extracts-nofallback-until-2007-068.tar.gz",
      "papers from arXiv"),
    component(
      "europarl", "EuroParliamentProceedings_1996_2011.jsonl.zst",
      "proceedings of the European Parliament"),
    component("freelaw", "FreeLaw_Opinions.jsonl.zst", "opinions of courts of the United States"),
    component(
      "nih", "NIH_ExPORTER_awarded_grant_text.jsonl.zst", "abstracts of grants of the NIH"),
    component("pubmed", "PMC_extracts.tar.gz", "papers from PubMed Central"),
    component("books1", "books1.tar.gz", "books"),
    component("books3", "books3.tar.gz", "books"),
    component("hackernews", "hn.tar.gz", "threads of Hacker News", documentCount: 373_000),
    Corpus(
      "openwebtext2", summary: "pages that Reddit linked to", documentCount: 17_103_000,
      [
        "https://huggingface.co/datasets/segyges/OpenWebText2/resolve/main/"
          + "openwebtext2.jsonl.zst.tar"
      ]),
    component("stackexchange", "stackexchange_dataset.tar", "questions and answers"),
    component("ubuntu_irc", "ubuntu_irc_until_2020_9_1.jsonl.zst", "logs of Ubuntu's channels"),
    component("youtube_subtitles", "yt_subs.jsonl.zst", "subtitles of films"),
    Corpus(
      "c4", summary: "pages of the Common Crawl, cleaned, 1024 parts", c4("en", count: 1024)),
    Corpus(
      "c4_openwebtext", summary: "news pages of the Common Crawl, 512 parts",
      c4("realnewslike", count: 512)),
  ]

  /// The corpus of a name.
  package static func named(_ name: String) -> Corpus? {
    table.first { $0.name == name }
  }

  private init(
    _ name: String, folder: String? = nil, summary: String, documentCount: Int? = nil,
    _ files: @autoclosure @escaping @Sendable () -> [RemoteFile]
  ) {
    self.init(
      name: name, folder: folder ?? name, documentCount: documentCount, summary: summary,
      list: files)
  }

  private init(
    _ name: String, folder: String? = nil, summary: String, documentCount: Int? = nil,
    _ urls: @autoclosure @escaping @Sendable () -> [String]
  ) {
    self.init(
      name, folder: folder, summary: summary, documentCount: documentCount,
      urls().map { RemoteFile(url: $0) })
  }

  private static func component(
    _ name: String, _ file: String, _ summary: String, documentCount: Int? = nil
  ) -> Corpus {
    Corpus(
      name, summary: summary, documentCount: documentCount,
      ["https://the-eye.eu/public/AI/pile_preliminary_components/" + file])
  }

  private static func pilePart(_ number: Int) -> String {
    "https://the-eye.eu/public/AI/pile/train/\(padded(number, 2)).jsonl.zst"
  }

  private static func c4(_ variant: String, count: Int) -> [String] {
    (0..<count).map {
      "https://the-eye.eu/eleuther_staging/c4/\(variant)/"
        + "c4-train.\(padded($0, 5))-of-\(padded(count, 5)).json.gz"
    }
  }

  private static func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(width - digits.count, 0)) + digits
  }
}

/// The files of GPT-2's vocabulary, under the names they have in the data folder.
package enum GPT2Files {
  /// The vocabulary.
  package static let vocabulary = RemoteFile(
    url: "https://s3.amazonaws.com/models.huggingface.co/bert/gpt2-vocab.json",
    sha256: "196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783",
    byteCount: 1_042_301)
  /// The merges.
  package static let merges = RemoteFile(
    url: "https://s3.amazonaws.com/models.huggingface.co/bert/gpt2-merges.txt",
    sha256: "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5",
    byteCount: 456_318)
}
