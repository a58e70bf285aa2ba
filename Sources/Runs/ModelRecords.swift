internal import Datasets
private import Foundation
package import Kernels
package import RunRecords
package import Training

extension InputMap {
  /// The map as JSON, as it is kept in model files.
  package var json: String { get throws { try jsonText(self) } }

  /// The map that a model file holds.
  init(json: String) throws { self = try JSONDecoder().decode(InputMap.self, from: Data(json.utf8)) }
}

extension DataSplit {
  /// What tells data sets apart without reading all of a large one: sizes, labels or target values, and fewer than 1,000
  /// samples spread over each part. Of noisy labels: ranks that drew other noise have other data.
  package var digest: String {
    var numbers: [Double] = []
    for subset in [training, test, validation].compactMap(\.self) {
      numbers += [subset.count, subset.features, subset.classes, subset.targetColumns].map { Double($0) }
      for position in 0..<subset.count {
        if subset.classes > 0 {
          numbers.append(Double(subset.label(at: position)))
        } else {
          numbers += subset.target(at: position)
        }
      }
      for position in stride(from: 0, to: subset.count, by: max(1, subset.count / 500)) {
        numbers += subset.dataset.values(of: subset.id(at: position))
      }
    }
    let hash = Fingerprint()
    unsafe numbers.withUnsafeBytes { unsafe hash.add($0) }
    return hash.hexadecimal
  }

  /// The SHA-256 of the features and labels or target values, training set before test set. Of the true labels: it
  /// tells which data these are, with whatever noise they are trained on.
  package var fingerprint: String {
    let hash = Fingerprint()
    unsafe (trueTraining ?? training).dataset.forEachChunk { unsafe hash.add($0) }
    unsafe test.dataset.forEachChunk { unsafe hash.add($0) }
    return hash.hexadecimal
  }
}

/// The networks of a training as they are written.
package struct Models<Scalar: Real> {
  let teacher: ModelFile<Scalar>
  let student: ModelFile<Scalar>?

  package init(_ loop: TrainingLoop<Scalar>, scaling: String) {
    func model(_ step: TrainingStep<Scalar>) -> ModelFile<Scalar> {
      ModelFile(network: step.network, parameters: step.parameters, scaling: scaling)
    }
    teacher = model(loop.step)
    student = (loop.learning?.evaluated?.step).map(model)
  }

  /// What their files say beside the tensors.
  package var metadata: [CollectedState.File: [String: String]] {
    var metadata = [CollectedState.File.model: teacher.metadata]
    metadata[.student] = student?.metadata
    return metadata
  }
}
