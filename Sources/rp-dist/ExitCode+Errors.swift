internal import Configurations
internal import Datasets
internal import Diagnostics
internal import Hypergradients
internal import MPI
internal import Networks
internal import Ranks
internal import RunRecords
internal import Runs

extension ExitCode {
  /// An error's message, one sentence, and its exit code.
  static func describe(_ error: any Error) -> (message: String, code: Int32) {
    ("\(error)", code(of: error))
  }

  private static func code(of error: any Error) -> Int32 {
    switch error {
    case is ConfigurationError, is NetworkError, is UnknownName, is HypergradientError: usage
    case is UnreadableFile: missingInput
    case is BrokenRun, is BrokenNetworkFile: content
    case let error as DatasetError: error.kind == .missing ? missingInput : content
    case let error as SafetensorsError:
      switch error.kind {
      case .unreadable: missingInput
      case .content: content
      case .cannotWrite: cannotWrite
      }
    case let error as RunRecordError: error.kind == .cannotCreate ? cannotCreate : cannotWrite
    case is OutputError: cannotWrite
    case let failure as AgreedFailure: failure.code
    default: internalError
    }
  }
}
