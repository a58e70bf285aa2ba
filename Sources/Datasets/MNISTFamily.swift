/// The splits of EMNIST, by their names in its files.
public enum EMNISTSplit: String, Codable, CaseIterable, Sendable {
  case byclass, bymerge, balanced, letters, digits, mnist

  /// The greatest label; letters are counted from 1, all others from 0.
  var largestLabel: Int {
    switch self {
    case .byclass: 61
    case .bymerge, .balanced: 46
    case .letters: 26
    case .digits, .mnist: 9
    }
  }
}

/// The datasets in MNIST's format, by the names of their files.
enum MNISTFamily: Equatable {
  /// MNIST and the datasets that use its file names: Fashion-MNIST, KMNIST.
  case mnist
  case qmnist
  case emnist(EMNISTSplit)

  static let ofEMNIST = EMNISTSplit.allCases.map(MNISTFamily.emnist)

  /// The first parts of the names of training and test files.
  private var beginnings: [String] {
    switch self {
    case .mnist: ["train", "t10k"]
    case .qmnist: ["qmnist-train", "qmnist-test"]
    case .emnist(let split): ["emnist-\(split.rawValue)-train", "emnist-\(split.rawValue)-test"]
    }
  }

  /// The possible names of each file: images and labels of the training set, then of the test set. Uncompressed names
  /// come before compressed ones.
  var fileNames: [[String]] {
    beginnings.flatMap { beginning in
      [("images", ["idx3-ubyte"]), ("labels", ["idx1-ubyte", "idx2-int"])].map { part, endings in
        // QMNIST's own label files have the second ending, so errors about a missing file should name it first.
        let ordered = self == .qmnist ? endings.reversed() : endings
        let names = ordered.flatMap { ["\(beginning)-\(part)-\($0)", "\(beginning)-\(part).\($0)"] }
        return names + names.map { $0 + ".gz" }
      }
    }
  }

  /// Whether a directory with the given names contains a file of the dataset.
  func hasFile(among names: Set<String>) -> Bool {
    fileNames.contains { !names.isDisjoint(with: $0) }
  }

  /// EMNIST's images are stored column by column.
  var isTransposed: Bool { if case .emnist = self { true } else { false } }

  /// The greatest label of the dataset; nil if its file names do not tell which dataset it is.
  var largestLabel: Int? {
    switch self {
    case .mnist: nil
    case .qmnist: 9
    case .emnist(let split): split.largestLabel
    }
  }
}

/// The classes of a dataset in MNIST's format: the labels of its training set, in ascending order.
struct MNISTClasses {
  /// The label for each class number.
  let labels: [Int]
  private let numbers: [Int: Int32]

  /// The classes of training labels. They are 0 to 9 if no other label occurs, so that a small part of MNIST has
  /// MNIST's classes. Otherwise they are the labels that occur, such as 1 to 26 in EMNIST's letters.
  ///
  /// - Parameters:
  ///   - family: if it knows its labels, any other label is an error; if not, labels must be numbered from 0 or 1
  ///     without gaps.
  ///   - path: the file, for errors.
  init(_ training: [Int], of family: MNISTFamily, path: String) throws(DatasetError) {
    let least = training.min() ?? 0
    if let largest = family.largestLabel,
      let sample = training.firstIndex(where: { !(0...largest).contains($0) })
    {
      throw .content(
        path, sample: sample, "the label is \(training[sample]), but those of the set are at most \(largest)",
        remedy: DatasetError.replaceDamaged)
    }
    let isOfTen = family.largestLabel ?? 9 == 9 && training.allSatisfy { (0...9).contains($0) }
    labels = isOfTen ? Array(0...9) : Set(training).sorted()
    numbers = Dictionary(uniqueKeysWithValues: zip(labels, Int32(0)...))
    guard family.largestLabel == nil, !isOfTen else { return }
    // The first label without a neighbour below it.
    let stray = (0...1).contains(least) ? labels.dropFirst().first { numbers[$0 - 1] == nil } : least
    guard let stray, let sample = training.firstIndex(of: stray) else { return }
    let before = labels.last { $0 < stray }.map { ", and the next smaller one is \($0)" } ?? ""
    throw .content(
      path, sample: sample, "the label is \(stray)\(before), but classes are numbered from 0 or 1 without gaps",
      remedy: "number the labels so, or fetch the original file of the data set")
  }

  /// The class numbers of labels.
  ///
  /// - Throws: `content` naming the sample whose label is not one of the classes.
  func numbers(of values: [Int], path: String) throws(DatasetError) -> [Int32] {
    var found: [Int32] = []
    found.reserveCapacity(values.count)
    for (sample, value) in values.enumerated() {
      guard let number = numbers[value] else {
        let known = labels.count > 1 ? "\(labels[0]) to \(labels[labels.count - 1])" : "\(labels[0])"
        throw .content(
          path, sample: sample, "the label is \(value), but the classes of the training set are \(known)",
          remedy: "put the files of one data set there, or fetch them again")
      }
      found.append(number)
    }
    return found
  }
}
