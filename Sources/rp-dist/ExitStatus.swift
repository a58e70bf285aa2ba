internal import Datasets
internal import MPI
internal import Networks
internal import RunRecords
internal import Training

/// The exit codes of sysexits.h that the program uses, and which error has which.
enum ExitStatus {
  static let failed: Int32 = 1
  static let usage: Int32 = 64
  static let content: Int32 = 65
  static let missingInput: Int32 = 66
  static let internalError: Int32 = 70
  static let cannotCreate: Int32 = 73
  static let cannotWrite: Int32 = 74

  /// An error's one sentence and its exit code.
  static func describe(_ error: any Error) -> (message: String, code: Int32) {
    ("\(error)", code(of: error))
  }

  private static func code(of error: any Error) -> Int32 {
    switch error {
    case is ConfigurationError, is NetworkError, is UnknownName: usage
    case is UnreadableFile: missingInput
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
