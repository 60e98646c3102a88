extension TrainingConfiguration {
  /// What became of a request.
  package struct Outcome: Sendable {
    /// The configuration; `nil` where the report has problems.
    package let configuration: TrainingConfiguration?
    /// Everything that is to be said about the files.
    package let report: ConfigurationReport
    /// The files that were read.
    package let paths: [String]
  }

  /// Reads the files of a configuration, checks them, and derives what a run needs.
  ///
  /// All problems of all files come in one report; nothing but the files is looked at.
  package static func load(_ request: ConfigurationRequest) -> Outcome {
    let loader = ConfigurationLoader(request)
    var report = loader.report
    let settings = Settings(loader.loaded, lenient: request.isLenient, report: &report)
    var configuration: TrainingConfiguration?
    if loader.isComplete {
      var resolver = ConfigurationResolver(settings, request, report: report)
      configuration = resolver.configuration(files: loader.loaded.texts)
      report = resolver.report
    }
    report.sort(files: loader.loaded.paths)
    return Outcome(
      configuration: report.problems.isEmpty ? configuration : nil, report: report,
      paths: loader.loaded.paths)
  }

  /// Reads the files of a configuration.
  ///
  /// - Throws: ``TrainError/invalidConfiguration(report:isOfSettings:)`` with all problems, a line each.
  package init(_ request: ConfigurationRequest) throws(TrainError) {
    let outcome = Self.load(request)
    guard let configuration = outcome.configuration else {
      throw .invalidConfiguration(
        report: outcome.report.problems.map(\.description).joined(separator: "\n"),
        isOfSettings: outcome.report.isOfSettings)
    }
    self = configuration
  }
}
