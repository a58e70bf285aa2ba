/// The splits of EMNIST, by the names in its files.
public enum EMNISTSplit: String, Codable, CaseIterable, Sendable {
  case byclass, bymerge, balanced, letters, digits, mnist

  /// The greatest label; letters count from 1, all others from 0.
  var largestLabel: Int {
    switch self {
    case .byclass: 61
    case .bymerge, .balanced: 46
    case .letters: 26
    case .digits, .mnist: 9
    }
  }
}

/// The data sets in MNIST's format, by the names of their files.
enum MNISTFamily: Equatable {
  /// MNIST and the sets that took its names: Fashion-MNIST, KMNIST.
  case mnist
  case qmnist
  case emnist(EMNISTSplit)

  static let ofEMNIST = EMNISTSplit.allCases.map(MNISTFamily.emnist)

  /// What the names of the training and of the test files begin with.
  private var beginnings: [String] {
    switch self {
    case .mnist: ["train", "t10k"]
    case .qmnist: ["qmnist-train", "qmnist-test"]
    case .emnist(let split): ["emnist-\(split.rawValue)-train", "emnist-\(split.rawValue)-test"]
    }
  }

  /// Images and labels of the training set, then of the test set: the names that each file can have. Of two forms of a
  /// file the uncompressed one comes first.
  var fileNames: [[String]] {
    beginnings.flatMap { beginning in
      [("images", ["idx3-ubyte"]), ("labels", ["idx1-ubyte", "idx2-int"])].map { part, endings in
        // Labels of QMNIST have the second ending by right; it is named first where a file is missing.
        let ordered = self == .qmnist ? endings.reversed() : endings
        let names = ordered.flatMap { ["\(beginning)-\(part)-\($0)", "\(beginning)-\(part).\($0)"] }
        return names + names.map { $0 + ".gz" }
      }
    }
  }

  /// Whether a directory with these names in it holds a file of the set.
  func hasFile(among names: Set<String>) -> Bool {
    fileNames.contains { !names.isDisjoint(with: $0) }
  }

  /// EMNIST's images are written column by column.
  var isTransposed: Bool { if case .emnist = self { true } else { false } }

  /// The greatest label that the set has; nil where its files do not tell which set it is.
  var largestLabel: Int? {
    switch self {
    case .mnist: nil
    case .qmnist: 9
    case .emnist(let split): split.largestLabel
    }
  }
}
