internal import Configurations
import Foundation
import Kernels
import MPI
internal import Ranks
import Training

// Checks that need several ranks, launched by the tests with mpirun: `rank-checks NAME [RANK]`.

struct Planted: Error, CustomStringConvertible {
  let description: String
}

func describe(_ error: any Error) -> (message: String, code: Int32) { ("\(error)", 65) }

/// Every collective gives what its documentation says, for this number of ranks.
func checkCollectives(_ world: borrowing Communicator) throws {
  let (rank, ranks) = (world.rank, world.ranks)
  func require(_ condition: Bool, _ what: String) throws {
    guard condition else { throw Planted(description: "\(what) is wrong on rank \(rank) of \(ranks)") }
  }
  let doubles = Arena<Double>(count: 1001)
  let floats = Arena<Float>(count: 3)
  let triangle = ranks * (ranks + 1) / 2
  // Whole; in eight pieces, the last of which is smaller; and number by number.
  for pieceBytes in [nil, 1024, 1] {
    for k in 0..<1001 { doubles.all[k] = Double(k * (rank + 1)) }
    for k in 0..<3 { floats.all[k] = Float(rank + k) }
    try doubles.all.withMutableSpan { try world.allReduceSum(&$0, pieceBytes: pieceBytes) }
    try floats.all.withMutableSpan { try world.allReduceSum(&$0, pieceBytes: pieceBytes) }
    for k in 0..<1001 { try require(doubles.all[k] == Double(k * triangle), "the sum of doubles") }
    for k in 0..<3 { try require(floats.all[k] == Float(triangle - ranks + k * ranks), "the sum of floats") }
  }
  try require(try world.allReduceMin(Int64(7 - rank)) == Int64(8 - ranks), "the minimum")
  try require(try world.allGather(Int64(rank * rank)) == (0..<ranks).map { Int64($0 * $0) }, "the gathered numbers")
  let last = ranks - 1
  try require(try world.broadcast(rank == last ? "Ẇ from the last" : "", from: last) == "Ẇ from the last", "a text")
  try require(
    try world.allGather(String(repeating: "x", count: rank)) == (0..<ranks).map { String(repeating: "x", count: $0) },
    "the gathered texts")
  try require(try world.agree(describe: describe) { rank } == rank, "an agreement")
  try world.barrier()
}

/// Trains the digits and compares the replicas every 5 steps; one rank changes the last bit of a weight after step 12.
func trainWithDifference(_ world: borrowing Communicator) throws {
  let configuration = try ConfigurationSource(preset: .standard, settings: ["training.epochs=2", "reduction=mpi"])
    .configuration()
  let problem = try LearningProblem(configuration)
  let loop = try TrainingLoop<Float>(configuration, problem: problem, ranks: world.ranks)
  let weights = loop.step.parameters.all
  try world.withGroup(for: configuration) { group in
    _ = try loop.run(over: group) { progress in
      if progress.step == 12 && group.rank == chosen { weights[7] = weights[7].nextUp }
      try loop.compareReplicas(after: progress, every: 5, over: group)
    }
  }
}

let arguments = Launcher.commandLine
let check = arguments.count > 1 ? arguments[1] : ""
let chosen = arguments.count > 2 ? Int(arguments[2]) ?? 0 : 0

func say(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

func run(_ check: String, on world: borrowing Communicator) throws {
  switch check {
  case "collectives":
    try checkCollectives(world)
  case "throw":
    // One rank throws, the others wait for it.
    if world.rank == chosen { throw Planted(description: "planted") }
    try world.barrier()
  case "agree":
    try world.agree(describe: describe) { if world.rank == chosen { throw Planted(description: "planted") } }
  case "replicas":
    let parameters = Arena<Float>(count: 100)
    if world.rank == chosen { parameters.all[99] = 1e-30 }
    _ = try replicaFingerprint(parameters, over: world)
  case "batch-norm":
    try checkBatchNorm(world)
  case "reductions":
    try checkReductions(world)
  case "state":
    try checkState(world)
  case "uneven":
    try trainOnUnevenMachines(world, ReductionConfiguration.Method(rawValue: arguments[2]) ?? .auto)
  case "lanes":
    try checkLanes(world, plantsOrder: chosen == 1)
  case "bfloat16":
    try checkBFloat16(world)
  case "hypergradients":
    try checkHypergradients(world)
  case "allocations":
    try checkAllocations(world, planting: arguments.count > 2 ? PlantedCall(rawValue: arguments[2]) : nil)
  case "training":
    try trainWithDifference(world)
  case "fault":
    try trainWithFault(world, arguments.count > 3 ? PlantedFault(rawValue: arguments[3]) : nil, rank: chosen)
  default:
    throw Planted(description: "unknown check '\(check)'")
  }
}

let outcome = try withMPI { error, rank in
  say("rank \(rank ?? 0): \(error)")
  return 42
} _: { world in
  do {
    try run(check, on: world)
  } catch let failure as AgreedFailure {
    if world.rank == 0 { say("\(failure)") }
    throw failure
  }
  if world.rank == 0 { print("ok") }
}
if case .failure(let failure) = outcome { exit(failure.code) }
