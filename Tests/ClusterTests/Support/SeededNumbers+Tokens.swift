import GPT2
import TestSupport

extension SeededNumbers {
  mutating func tokens(_ count: Int, _ configuration: Configuration) -> [Int] {
    (0..<count).map { _ in number(0...(configuration.vocabularySize - 1)) }
  }
}
