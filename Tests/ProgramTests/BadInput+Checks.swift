import TestSupport

/// Checks of what cannot be checked.
extension BadInput {
  static let checks: [BadInput] = [
    BadInput(
      name: "a gradient check with dropout",
      arguments: "check gradient --set network=[{dense:␣4},{dropout:␣0.5},{dense:␣10}]", exitCode: 64,
      says: ["layer 1 is dropout"]),
    BadInput(name: "an unknown check", arguments: "check gradeint", exitCode: 64, says: ["gradeint"]),
    BadInput(name: "a check of no samples", arguments: "check gradient --samples 0", exitCode: 64, says: ["--samples"]),
    BadInput(
      name: "an unknown bound", arguments: "check bound --bound ful", exitCode: 64,
      says: ["'ful'", "did you mean 'full'"]),
    BadInput(
      name: "a check where the loss is not finite",
      arguments: "check gradient --set data={set:␣csv,path:␣DIR/a.csv,scale:␣none} "
        + "--set network=[{dense:␣64},{dense:␣64},{dense:␣64},{dense:␣2}] --set loss=squaredError "
        + "--set training={precision:␣float64,initialization:␣he}", exitCode: 1, says: ["the loss is not finite"],
      files: { _ = try $0.write("1e154,0\n-1e154,0\n1e154,0\n1.1e154,1\n1e154,1\n-1e154,1\n".utf8, to: "a.csv") }),
    BadInput(
      name: "a check where the bound is not finite",
      arguments: "check bound --set training={initialization:␣he} --samples 2 --steps 2 --set network=["
        + String(repeating: "{dense:␣64},relu,", count: 260) + "{dense:␣10}]", exitCode: 1,
      says: ["the bound Ẅ of layers.", "is not finite"]),
    BadInput(name: "a check of a missing run", arguments: "check bound --run DIR/none", exitCode: 66, says: ["none"]),
    BadInput(
      name: "a check of a run and a configuration", arguments: "check bound my.yml --run DIR", exitCode: 64,
      says: ["--run", "CONFIG.yml"]),
    BadInput(
      name: "a check of a missing configuration", arguments: "check replicas DIR/no.yml", exitCode: 66, says: ["no.yml"]
    ),
    BadInput(
      name: "a replica check of no steps", arguments: "check replicas --steps 0", exitCode: 64, says: ["--steps"]),
    BadInput(
      name: "some of all samples", arguments: "check gradient --all --samples 5", exitCode: 64,
      says: ["--all", "--samples"]),
    BadInput(
      name: "some of all weights", arguments: "check gradient --coordinates 5 --all", exitCode: 64,
      says: ["--all", "--coordinates"]),
    BadInput(
      name: "a hypergradient check of four levels", arguments: "check hypergradient --levels 4", exitCode: 64,
      says: ["--levels"]),
    BadInput(
      name: "a hypergradient check of no samples", arguments: "check hypergradient --samples 0", exitCode: 64,
      says: ["--samples"]),
    BadInput(
      name: "a hypergradient check of blocks with radii",
      arguments: "check hypergradient --blocks encoder=0:0.1,head=2-4", exitCode: 64, says: ["--blocks", "radius"]),
    BadInput(
      name: "a hypergradient check of a student without soft labels",
      arguments: "check hypergradient --levels 3 --set loss=squaredHinge", exitCode: 64,
      says: ["squaredHinge", "soft labels"]),
    BadInput(
      name: "a negative number of steps between replica checks", arguments: "--set training.checkReplicas=-1",
      exitCode: 64, says: ["training.checkReplicas"]),
    BadInput(
      name: "a time-out of no time", arguments: "--set run.stallTimeout=0.1", exitCode: 64,
      says: ["run.stallTimeout is 0.1", "or 0 for never"]),
  ]
}
