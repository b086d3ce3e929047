/// Columns of text, of which the least important go where there is no room.
package struct TextTable {
  package struct Column {
    package var title: String
    /// The column with the greatest goes first; 0 stays.
    package var rank: Int
    package var cells: [String]

    package init(title: String, rank: Int, cells: [String]) {
      (self.title, self.rank, self.cells) = (title, rank, cells)
    }
  }

  /// The first is set flush left, the others flush right.
  package var columns: [Column]

  package init(columns: [Column]) { self.columns = columns }

  /// - Parameter width: characters that a line may have.
  package func text(width: Int) -> String {
    var columns = columns
    while lineWidth(columns) > width, let last = columns.map(\.rank).max(), last > 0 {
      columns.removeAll { $0.rank == last }
    }
    let over = lineWidth(columns) - width
    if over > 0 { columns[0] = columns[0].cut(to: max(6, columns[0].width - over)) }
    let rows = columns.map(\.cells.count).max() ?? 0
    return (-1..<rows).map { row in
      columns.enumerated().map { index, column in
        let cell = row < 0 ? column.title : row < column.cells.count ? column.cells[row] : ""
        let room = String(repeating: " ", count: column.width - cell.count)
        return index == 0 ? cell + room : "  " + room + cell
      }.joined().trimmingEnd
    }.joined(separator: "\n")
  }

  private func lineWidth(_ columns: [Column]) -> Int {
    columns.reduce(0) { $0 + $1.width } + 2 * max(0, columns.count - 1)
  }
}

extension TextTable.Column {
  fileprivate var width: Int { ([title] + cells).map(\.count).max() ?? 0 }

  fileprivate func cut(to width: Int) -> Self {
    var column = self
    column.cells = cells.map { $0.count > width ? $0.prefix(width - 1) + "…" : $0 }
    return column
  }
}

extension String {
  fileprivate var trimmingEnd: String {
    String(prefix(upTo: (lastIndex { $0 != " " }).map(index(after:)) ?? startIndex))
  }
}
