import ArgumentParser
import GPT2

/// How matrices are to be held, as `--weights` says it: `int8`, or for commands that compare types `f32,int8` or `all`.
struct WeightChoices: ExpressibleByArgument {
  /// At least one, each once.
  let list: [WeightTypes.Choice]

  /// Every type that there is; `auto` is one of them.
  private static let everyType = WeightTypes.Choice.allCases.filter { $0 != .auto }

  init?(argument: String) {
    if argument == "all" {
      list = Self.everyType
      return
    }
    let names = argument.split(separator: ",", omittingEmptySubsequences: false)
    list = names.compactMap { WeightTypes.Choice(argument: String($0)) }
    guard list.count == names.count, Set(list).count == list.count else { return nil }
  }

  static var allValueStrings: [String] { WeightTypes.Choice.allCases.map(\.rawValue) }

  /// The only one.
  ///
  /// - Throws: ``ValidationError`` where there are several.
  var one: WeightTypes.Choice {
    get throws(ValidationError) {
      guard list.count == 1 else {
        throw ValidationError(
          "--weights \(list.map(\.rawValue).joined(separator: ",")): a model is held as one type; give one, as \(list[0].rawValue)"
        )
      }
      return list[0]
    }
  }
}
