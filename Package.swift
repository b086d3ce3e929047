// swift-tools-version: 6.2
import PackageDescription

/// The commit that `make build` builds; a build without make has none.
let revision = Context.environment["GPT2_REVISION"] ?? ""

let package = Package(
  name: "gpt2-cluster",
  platforms: [.macOS(.v15)],
  products: [.executable(name: "gpt2", targets: ["CLI"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    // Hummingbird brings all of these; they are named since the server uses them itself.
    .package(url: "https://github.com/apple/swift-async-algorithms", from: "1.1.4"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.2.0"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.34.1"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    // Without its traits, which bring the whole of Foundation and swift-configuration for what is not used here.
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
  ],
  targets: [
    // Floors: the system, and a reader of JSON.
    .target(name: "LibC", swiftSettings: .house),
    .target(name: "CPlatform"),
    // Not “System”: packages look whether there is a module of that name, and take it for Apple's.
    .target(name: "Platform", dependencies: ["CPlatform", "LibC"], swiftSettings: .house),
    .target(name: "JSON", swiftSettings: .house),
    // The loops are worth nothing without optimisation, in debug builds too.
    .target(
      name: "CKernels", cSettings: [.unsafeFlags(["-O3"])],
      linkerSettings: [.linkedLibrary("m", .when(platforms: [.linux]))]),
    .target(
      name: "BuildRevision",
      cSettings: revision.isEmpty
        ? [] : [.define("GPT2_REVISION", to: "\"\(revision)\"", .when(configuration: .release))]),
    .systemLibrary(name: "CSodium", providers: [.apt(["libsodium-dev"]), .brew(["libsodium"])]),
    .target(name: "DemoModel", exclude: ["checkpoint", "train.py", "check.py"]),
    .target(name: "MicroBatching", swiftSettings: .house),
    .target(
      name: "GPT2",
      dependencies: [
        // libsodium hashes checkpoints (BLAKE2b): libzmq3-dev brings it anyway, and swift-crypto takes minutes to build.
        "CKernels", "CSodium", "JSON", "LibC", "MicroBatching", "Platform",
      ],
      swiftSettings: .house),
    // Linked in whole, so that the program asks for no zlib where it runs.
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
    // Without pkgConfig: Debian's libzmq.pc brings flags that SwiftPM warns about; the module map links it.
    .systemLibrary(name: "CZMQ", providers: [.apt(["libzmq3-dev"]), .brew(["zeromq"])]),
    .target(name: "ZeroMQ", dependencies: ["CZMQ", "LibC", "Platform"], swiftSettings: .house),
    .target(name: "Pipeline", dependencies: ["MicroBatching", "Platform", "ZeroMQ"], swiftSettings: .house),
    .target(
      name: "Worker",
      dependencies: [
        "GPT2", "JSON", "LibC", "MicroBatching", "Pipeline", "Platform", "ZeroMQ",
        .product(name: "DequeModule", package: "swift-collections"),
      ],
      swiftSettings: .house),
    .target(
      name: "Coordinator",
      dependencies: [
        "GPT2", "LibC", "MicroBatching", "Pipeline", "Platform", "ZeroMQ",
        .product(name: "DequeModule", package: "swift-collections"),
      ],
      swiftSettings: .house),
    .target(
      name: "Cluster", dependencies: ["Coordinator", "GPT2", "LibC", "Pipeline", "Platform", "Worker", "ZeroMQ"],
      swiftSettings: .house),
    // Numbers and tables as people read them.
    .target(name: "Wording", dependencies: ["Platform"], swiftSettings: .house),
    .target(
      name: "Benchmarks",
      dependencies: ["Coordinator", "GPT2", "MicroBatching", "Pipeline", "Platform", "Wording", "ZeroMQ"],
      swiftSettings: .house),
    .target(name: "ServerPage", exclude: ["page"]),
    .target(
      name: "Server",
      dependencies: [
        "CZlib", "Coordinator", "GPT2", "JSON", "LibC", "Platform", "ServerPage",
        .product(name: "AsyncAlgorithms", package: "swift-async-algorithms"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ],
      swiftSettings: .house,
      linkerSettings: [
        .linkedLibrary(":libz.a", .when(platforms: [.linux])), .linkedLibrary("z", .when(platforms: [.macOS])),
      ]),
    .executableTarget(
      name: "CLI",
      dependencies: [
        "Benchmarks", "BuildRevision", "Cluster", "Coordinator", "DemoModel", "GPT2", "JSON", "LibC", "MicroBatching",
        "Pipeline",
        "Platform", "Server", "Wording", "Worker", "ZeroMQ",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: .house,
      // The toolchain's own linker; the system's gold warns of mktemp in static Foundation.
      linkerSettings: [.unsafeFlags(["-use-ld=lld"], .when(platforms: [.linux]))]),
    .target(name: "TestSupport", dependencies: ["Platform"], path: "Tests/TestSupport", swiftSettings: .house),
    .testTarget(name: "JSONTests", dependencies: ["JSON", "TestSupport"], swiftSettings: .house),
    .testTarget(
      name: "PlatformTests", dependencies: ["CPlatform", "LibC", "Platform", "TestSupport"], swiftSettings: .house),
    .testTarget(
      name: "GPT2Tests",
      dependencies: ["GPT2", "CKernels", "JSON", "LibC", "MicroBatching", "Platform", "TestSupport"],
      resources: [.copy("Fixtures")], swiftSettings: .house),
    .testTarget(name: "ZeroMQTests", dependencies: ["Platform", "TestSupport", "ZeroMQ"], swiftSettings: .house),
    .testTarget(
      name: "PipelineTests", dependencies: ["Pipeline", "MicroBatching", "Platform", "TestSupport", "ZeroMQ"],
      swiftSettings: .house),
    .testTarget(
      name: "WorkerTests", dependencies: ["Worker", "GPT2", "LibC", "Pipeline", "Platform", "TestSupport"],
      swiftSettings: .house),
    .testTarget(
      name: "CoordinatorTests",
      dependencies: ["Coordinator", "GPT2", "MicroBatching", "Pipeline", "Platform", "TestSupport"],
      swiftSettings: .house),
    .testTarget(name: "BenchmarksTests", dependencies: ["Benchmarks", "GPT2", "Pipeline"], swiftSettings: .house),
    .testTarget(
      name: "WorldTests",
      dependencies: [
        "Coordinator", "GPT2", "LibC", "MicroBatching", "Pipeline", "Platform", "TestSupport", "Worker", "ZeroMQ",
      ],
      swiftSettings: .house),
    .testTarget(
      name: "ServerTests",
      dependencies: [
        "Cluster", "Coordinator", "DemoModel", "GPT2", "JSON", "Platform", "Server", "TestSupport",
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOEmbedded", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
      ], swiftSettings: .house),
    .testTarget(
      name: "ClusterTests",
      dependencies: [
        "Cluster", "Coordinator", "DemoModel", "GPT2", "MicroBatching", "Pipeline", "Platform", "TestSupport", "Worker",
        "ZeroMQ",
      ],
      swiftSettings: .house),
    .testTarget(
      name: "CLITests",
      dependencies: ["CLI", "GPT2", "LibC", "Pipeline", "Platform", "TestSupport", "ZeroMQ", "Wording"],
      resources: [.copy("demo-greedy.json")], swiftSettings: .house),
  ],
  swiftLanguageModes: [.v6]
)

extension [SwiftSetting] {
  /// The house's language settings, the same for every Swift target.
  static var house: [SwiftSetting] {
    [
      .enableUpcomingFeature("ExistentialAny"),
      .enableUpcomingFeature("InternalImportsByDefault"),
      .enableUpcomingFeature("MemberImportVisibility"),
      .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    ] + (Context.environment["GPT2_STRICT"] == nil ? [] : [.treatAllWarnings(as: .error)])
  }
}
