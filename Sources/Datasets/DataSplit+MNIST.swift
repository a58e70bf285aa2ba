extension DataSplit {
  /// Reads MNIST, or a dataset in files of the same names, such as Fashion-MNIST or KMNIST.
  ///
  /// The directory holds `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and
  /// `t10k-labels-idx1-ubyte`. Each name may also end with `.gz`, or be written `train-images.idx3-ubyte` and so on.
  /// The directory may instead hold the files of QMNIST or of one split of EMNIST under their own names. If a file
  /// exists compressed and uncompressed, the uncompressed file is read. Uncompressed images are mapped, not copied, if
  /// they are bytes and upright.
  ///
  /// - Throws: ``DatasetError``: `missing` if the directory or a file is missing, `content` if a file is damaged, if
  ///   there are not as many labels as images, or if a label is not a class.
  public static func mnist(directory: String) throws(DatasetError) -> DataSplit {
    try read(directory, set: "MNIST", [.mnist, .qmnist] + MNISTFamily.ofEMNIST)
  }

  /// Reads QMNIST: `qmnist-train-images-idx3-ubyte`, `qmnist-train-labels-idx2-int` and so on, or the same files under
  /// MNIST's names. The label of a sample is the first of its eight numbers.
  public static func qmnist(directory: String) throws(DatasetError) -> DataSplit {
    try read(directory, set: "QMNIST", [.qmnist, .mnist])
  }

  /// Reads a split of EMNIST: `emnist-letters-train-images-idx3-ubyte` and so on. The images are turned upright. The
  /// classes are the labels of the training set.
  ///
  /// - Parameter split: nil for the only split in the directory.
  public static func emnist(directory: String, split: EMNISTSplit?) throws(DatasetError) -> DataSplit {
    try read(directory, set: "EMNIST", split.map { [.emnist($0)] } ?? MNISTFamily.ofEMNIST)
  }

  /// - Parameter families: the first family with files in the directory is read.
  private static func read(
    _ directory: String, set: String, _ families: [MNISTFamily]
  ) throws(DatasetError) -> DataSplit {
    switch try SystemFile.sort(of: directory) {
    case .directory: break
    case .nothing:
      throw .missing(directory, "does not exist", remedy: "give the directory of the four \(set) files")
    case .file, .stream:
      throw .missing(directory, "is not a directory", remedy: "give the directory of the four \(set) files")
    }
    let present = Set(try SystemFile.names(in: directory))
    let found = families.filter { $0.hasFile(among: present) }
    let family = found.first ?? families[0]
    let splits = found.compactMap { if case .emnist(let split) = $0 { split.rawValue } else { nil } }
    guard !family.isTransposed || splits.count < 2 else {
      let set = set == "EMNIST" ? "" : "data.set to emnist and "
      throw .missing(
        directory, "holds several splits of EMNIST: \(splits.joined(separator: ", "))",
        remedy: "set \(set)data.split to one of them")
    }
    let files = family.fileNames.map { names in (names[0], path: names.first(where: present.contains)) }
    let absent = files.filter { $0.path == nil }.map(\.0)
    guard absent.isEmpty else {
      throw .missing(
        directory, "holds no \(absent.joined(separator: ", ")) (nor .gz of it)",
        remedy: "put all four \(set) files there")
    }
    let paths = files.compactMap { file in file.path.map { directory + "/" + $0 } }
    return try read(paths, of: family)
  }

  /// - Parameter paths: images and labels of the training set, then of the test set.
  private static func read(_ paths: [String], of family: MNISTFamily) throws(DatasetError) -> DataSplit {
    let trainingLabels = try labels(paths[1])
    let classes = try MNISTClasses(trainingLabels, of: family, path: paths[1])
    let training = try dataset(paths[0], trainingLabels, paths[1], classes, isTransposed: family.isTransposed)
    let test = try dataset(paths[2], labels(paths[3]), paths[3], classes, isTransposed: family.isTransposed)
    guard training.shape == test.shape else {
      throw .content(
        paths[2], "has images of \(size(test)) pixels, those of the training set have \(size(training))",
        remedy: "put the four files of one data set there")
    }
    return DataSplit(training: training.all, test: test.all)
  }

  /// One label for each sample.
  private static func labels(_ path: String) throws(DatasetError) -> [Int] {
    let file = try IDXFile(path, holding: .labels)
    let columns = file.dimensions.dropFirst().first ?? 1
    let values = try file.values()
    var labels: [Int] = []
    labels.reserveCapacity(file.dimensions[0])
    for sample in 0..<file.dimensions[0] {
      guard let label = Int32(exactly: values[sample * columns]) else {
        throw .content(
          path, sample: sample, "the label is \(values[sample * columns]), which is no class: it is not a whole number",
          remedy: "give labels that are numbers of classes")
      }
      labels.append(Int(label))
    }
    return labels
  }

  private static func dataset(
    _ imagePath: String, _ labels: [Int], _ labelPath: String, _ classes: MNISTClasses, isTransposed: Bool
  ) throws(DatasetError) -> Dataset {
    let images = try IDXFile(imagePath, holding: .images)
    guard images.dimensions[0] == labels.count else {
      throw .content(
        labelPath, "holds \(labels.count) labels for the \(images.dimensions[0]) images of \(imagePath)",
        remedy: "put images and labels of one data set there")
    }
    let numbers = try classes.numbers(of: labels, path: labelPath)
    let shape = Array(images.dimensions[1...])
    return Dataset(
      source: imagePath, shape: [1] + (isTransposed ? shape.reversed() : shape),
      samples: isTransposed ? try images.transposedSamples() : try images.samples(),
      targets: .classes(numbers, names: classes.labels.map(String.init)))
  }

  private static func size(_ dataset: Dataset) -> String { "\(dataset.shape[1])×\(dataset.shape[2])" }
}

extension IDXFile {
  /// Images as samples: stored as bytes if the file has bytes, otherwise as doubles.
  fileprivate func samples() throws(DatasetError) -> SampleStorage {
    guard type == .uint8 else { return .doubles(try values()) }
    return .bytes([ByteRows(storage, offset: offset, columns: dimensions[1] * dimensions[2], count: dimensions[0])])
  }

  /// Images as samples, with rows and columns exchanged.
  fileprivate func transposedSamples() throws(DatasetError) -> SampleStorage {
    let (count, rows, columns) = (dimensions[0], dimensions[1], dimensions[2])
    let pixels = rows * columns
    guard type == .uint8 else {
      let values = try values()
      return .doubles(
        (0..<count * pixels).map { place in
          let (image, pixel) = place.quotientAndRemainder(dividingBy: pixels)
          return values[image * pixels + pixel % rows * columns + pixel / rows]
        })
    }
    let upright = try unsafe ByteStorage(count: count * pixels, for: path) { buffer in
      unsafe storage.withBytes(offset..<offset + count * pixels) { bytes in
        for image in 0..<count {
          let start = image * pixels
          for row in 0..<rows {
            for column in 0..<columns {
              unsafe buffer[start + column * rows + row] = bytes[start + row * columns + column]
            }
          }
        }
      }
    }
    return .bytes([ByteRows(upright, columns: pixels, count: count)])
  }
}
