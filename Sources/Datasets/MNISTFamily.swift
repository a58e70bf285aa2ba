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

/// The classes of a data set in MNIST's format: the labels of its training set, ascending.
struct MNISTClasses {
  /// The label of each class.
  let labels: [Int]
  private let numbers: [Int: Int32]

  /// The classes of training labels: 0 to 9 where none is another, so that a small part of MNIST has MNIST's classes; else
  /// the labels that occur, as 1 to 26 in EMNIST's letters.
  ///
  /// - Parameters:
  ///   - family: where it knows its labels, another one is damage; where not, labels must go on from 0 or 1 without gaps.
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
    // The first label that has no neighbour below it.
    let stray = (0...1).contains(least) ? labels.dropFirst().first { numbers[$0 - 1] == nil } : least
    guard let stray, let sample = training.firstIndex(of: stray) else { return }
    let before = labels.last { $0 < stray }.map { ", and the next smaller one is \($0)" } ?? ""
    throw .content(
      path, sample: sample, "the label is \(stray)\(before), but classes are numbered from 0 or 1 without gaps",
      remedy: "number the labels so, or fetch the original file of the data set")
  }

  /// The classes' numbers of labels.
  ///
  /// - Throws: `content` naming the sample whose label is none of the classes.
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
