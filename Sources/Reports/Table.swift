/// Text in columns, as wide as their widest cell; the last one may be as long as it likes.
public struct Table {
    private var rows: [[String]]

    /// A table with a header and no rows.
    public init(_ header: String...) { rows = [header] }

    /// Adds a row.
    public mutating func add(_ cells: String...) { rows.append(cells) }

    /// The lines, each ending with a newline.
    public var text: String {
        let widths = (rows.first ?? []).indices.map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            let cells = row.enumerated().map { place, cell in
                place == row.count - 1 ? cell : Text.left(cell, widths[place])
            }
            return cells.joined(separator: "  ") + "\n"
        }.joined()
    }
}
