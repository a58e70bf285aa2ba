package import Configurations
private import Datasets
package import Kernels
package import Networks

/// A training before it has memory: its network, checked against its data, and how many samples a rank gets.
package struct TrainingDraft<Scalar: Real> {
  package let configuration: Configuration
  package let problem: LearningProblem
  package let plan: TrainingPlan
  package let network: Network<Scalar>
  /// The most samples that a rank gets of one minibatch.
  package let capacity: Int
  /// What the weights of the samples take beside it, where they are learned.
  package var learning: WorkspaceSize?
  /// How many trainings are in memory at once: that of a cycle is made while the one before is still there.
  package var trainings = 1

  /// - Parameters:
  ///   - plan: how many steps; the configuration's epochs where nil.
  ///   - ranks: the number of ranks that share a minibatch.
  /// - Throws: `NetworkError`, ``ConfigurationError`` when the configuration's network does not fit its data, or its
  ///   batches do not fit the network.
  package init(_ configuration: Configuration, problem: LearningProblem, plan: TrainingPlan? = nil, ranks: Int) throws {
    let training = configuration.training
    network = try Network<Scalar>(configuration.network, inputShape: problem.shape)
    try problem.check(outputs: network.outputs)
    self.plan = plan ?? TrainingPlan(samples: problem.split.training.count, training)
    try self.plan.check(network)
    capacity = training.capacity(of: self.plan.largestBatch, ranks: ranks)
    (self.configuration, self.problem) = (configuration, problem)
  }
}
