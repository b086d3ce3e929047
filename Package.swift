// swift-tools-version: 6.1
import PackageDescription

let package = Package(
  name: "gpt2-cluster",
  platforms: [.macOS(.v15)],
  products: [.executable(name: "gpt2", targets: ["CLI"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
  ],
  targets: [
    .target(name: "CKernels"),
    .target(name: "MicroBatching", swiftSettings: .house),
    .target(
      name: "GPT2",
      dependencies: [
        "CKernels", "MicroBatching",
        .product(name: "Crypto", package: "swift-crypto"),
      ],
      swiftSettings: .house),
    .executableTarget(
      name: "CLI",
      dependencies: [
        "GPT2", "MicroBatching",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: .house),
    .testTarget(
      name: "GPT2Tests", dependencies: ["GPT2", "CKernels", "MicroBatching"],
      resources: [.copy("Fixtures")], swiftSettings: .house),
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
    ]
  }
}
