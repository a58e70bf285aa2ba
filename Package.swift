// swift-tools-version: 6.2
import PackageDescription

/// One set of rules for every Swift target: the import direction is kept by the build, unsafe code is marked.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
]

/// Loops over numbers are compiled for AVX2, which x86-64 processors have had since 2013; the program checks it at its
/// start. Other architectures have one vector instruction set. Square roots do not set errno, so that loops with them
/// become vectors too.
#if arch(x86_64)
  let numeric = strict + [.unsafeFlags(["-Xcc", "-march=x86-64-v3", "-Xcc", "-fno-math-errno"])]
#else
  let numeric = strict + [.unsafeFlags(["-Xcc", "-fno-math-errno"])]
#endif

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")

let package = Package(
  name: "rp-dist",
  products: [.executable(name: "rp-dist", targets: ["rp-dist"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
  ],
  targets: [
    // Bindings to C: constants and headers, no logic.
    .systemLibrary(name: "CMPI", pkgConfig: "ompi-c", providers: [.apt(["libopenmpi-dev"])]),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "COpenBLAS"),
    .target(name: "CProcessArguments"),
    .systemLibrary(name: "CMalloc"),
    .target(name: "CStopSignals"),
    .target(
      name: "CKernels", cSettings: [.unsafeFlags(["-fno-math-errno"])],
      linkerSettings: [.linkedLibrary("mvec"), .linkedLibrary("m")]),

    // Arrows point down only: no target imports one below it in this list.
    .target(name: "MPI", dependencies: ["CMPI", "CProcessArguments"], swiftSettings: strict),
    .target(name: "BLAS", dependencies: ["CKernels", "COpenBLAS"], swiftSettings: strict),
    .target(name: "Kernels", dependencies: ["BLAS", "CKernels"], swiftSettings: numeric),
    .target(name: "Networks", dependencies: ["CKernels", "Kernels"], swiftSettings: numeric),
    .target(name: "Optimizers", dependencies: ["CKernels", "Kernels", "Networks"], swiftSettings: numeric),
    .target(name: "Hypergradients", dependencies: ["Kernels", "Networks", "Optimizers"], swiftSettings: numeric),
    .target(
      name: "BuiltInDigits", resources: [.embedInCode("Resources/digits.csv.gz")],
      swiftSettings: [.swiftLanguageMode(.v6)]),
    .target(
      name: "Datasets", dependencies: ["CKernels", "CZlib", "Kernels", "BuiltInDigits"], swiftSettings: numeric),
    .target(name: "RunRecords", dependencies: ["CCrypto", "Kernels", "Networks"], swiftSettings: strict),
    .target(
      name: "Configurations",
      dependencies: ["Kernels", "Networks", "Optimizers", "Hypergradients", "Datasets", "RunRecords", yams],
      swiftSettings: strict),
    .target(
      name: "Ranks",
      dependencies: [
        "CMalloc", "CStopSignals", "BLAS", "MPI", "Kernels", "Networks", "Optimizers", "RunRecords", "Configurations",
      ],
      swiftSettings: strict),
    .target(
      name: "Training",
      dependencies: [
        "BLAS", "MPI", "Kernels", "Networks", "Optimizers", "Datasets", "RunRecords", "Configurations", "Ranks",
      ],
      swiftSettings: strict),
    .target(
      name: "Reweighting",
      dependencies: [
        "MPI", "Kernels", "Networks", "Optimizers", "Hypergradients", "Datasets", "RunRecords", "Configurations",
        "Ranks", "Training",
      ],
      swiftSettings: strict),
    .target(
      name: "Runs",
      dependencies: [
        "BLAS", "MPI", "Kernels", "Networks", "Optimizers", "Hypergradients", "Datasets", "RunRecords",
        "Configurations", "Ranks", "Training", "Reweighting", yams,
      ],
      swiftSettings: strict),
    // Only the program imports it.
    .target(
      name: "Diagnostics",
      dependencies: [
        "CMalloc", "BLAS", "MPI", "Kernels", "Networks", "Optimizers", "Hypergradients", "Datasets", "RunRecords",
        "Configurations", "Ranks", "Training", "Reweighting", "Runs",
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "rp-dist",
      dependencies: [
        "Diagnostics", "Runs", "Reweighting", "Training", "Ranks", "Configurations", "RunRecords", "Datasets",
        "Hypergradients", "Optimizers", "Networks", "Kernels", "BLAS", "MPI", "CKernels", argumentParser,
      ],
      // The program runs on nodes that have no Swift: it carries the runtime with it.
      swiftSettings: strict + [.unsafeFlags(["-static-stdlib"])],
      linkerSettings: [.unsafeFlags(["-static-stdlib"])]),

    // Programs and oracles of the tests.
    .target(name: "CCallCounts"),
    .executableTarget(
      name: "rank-checks",
      dependencies: [
        "CCallCounts", "Runs", "Reweighting", "Training", "Ranks", "Configurations", "RunRecords", "Hypergradients",
        "Networks", "Datasets", "Kernels", "MPI",
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "fuzz-readers",
      dependencies: [
        "CCallCounts", "Diagnostics", "Runs", "Training", "Ranks", "Configurations", "RunRecords", "Datasets",
        "Networks", "Kernels", "MPI", "TestSupport",
      ],
      swiftSettings: strict),
    .target(name: "TestSupport", dependencies: ["Kernels"], path: "Tests/TestSupport", swiftSettings: strict),
    .testTarget(
      name: "KernelsTests", dependencies: ["BLAS", "CKernels", "Kernels", "TestSupport"], swiftSettings: strict),
    .testTarget(name: "NetworksTests", dependencies: ["Kernels", "Networks", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "OptimizersTests", dependencies: ["CKernels", "Kernels", "Networks", "Optimizers", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "HypergradientsTests", dependencies: ["Hypergradients", "Kernels", "Networks", "TestSupport"],
      swiftSettings: strict),
    .testTarget(name: "DatasetsTests", dependencies: ["Datasets", "Kernels", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "RunRecordsTests", dependencies: ["Kernels", "Networks", "RunRecords", "TestSupport"], swiftSettings: strict
    ),
    .testTarget(
      name: "TrainingTests",
      dependencies: [
        "Configurations", "Datasets", "Diagnostics", "Hypergradients", "Kernels", "Networks", "Optimizers", "Ranks",
        "Reweighting", "RunRecords", "Runs", "TestSupport", "Training",
      ],
      swiftSettings: strict),
    // Runs the built programs, which the test script builds first.
    .testTarget(name: "ProgramTests", dependencies: ["RunRecords", "TestSupport"], swiftSettings: strict),
  ]
)
