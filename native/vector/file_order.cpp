#include "file_order.h"

namespace kairank {

namespace {

constexpr uint32_t kCellRows = 256;  // on average; their codes and links are some tens of kilobytes
constexpr uint32_t kOutside = kNoRow;
constexpr uint32_t kUnmet = kNoRow - 1;

/// Divides the rows into cells: each row belongs to the seed that reaches it by the fewest links. Returns the rows in
/// the order in which they were reached; `cells` has the cell of each, and says before which rows there are.
std::vector<uint32_t> divide(const Graph& graph, std::vector<uint32_t>& cells, size_t present) {
  std::vector<uint32_t> reached;
  reached.reserve(present);
  const uint32_t rows = static_cast<uint32_t>(cells.size());
  uint32_t seen = 0, seeds = 0;
  for (uint32_t row = 0; row < rows; row++) {
    if (cells[row] != kUnmet || seen++ % kCellRows != 0) continue;
    cells[row] = seeds++;
    reached.push_back(row);
  }
  std::vector<uint32_t> links(graph.capacity(0));
  size_t next = 0;
  for (uint32_t rest = 0; rest <= rows; rest++) {
    for (; next < reached.size(); next++) {
      const uint32_t row = reached[next];
      const uint32_t count = graph.read(row, 0, rows, links.data());
      for (uint32_t i = 0; i < count; i++) {
        if (cells[links[i]] != kUnmet) continue;
        cells[links[i]] = cells[row];
        reached.push_back(links[i]);
      }
    }
    // A row that no seed reaches is a seed itself.
    if (rest < rows && cells[rest] == kUnmet) {
      cells[rest] = seeds++;
      reached.push_back(rest);
    }
  }
  return reached;
}

/// Sorts rows by a small number, keeping the order of equal ones.
template <typename KeyOf>
std::vector<uint32_t> sortedBy(const std::vector<uint32_t>& rows, uint32_t keys, const KeyOf& keyOf) {
  std::vector<size_t> starts(size_t{keys} + 1, 0);
  for (uint32_t row : rows) starts[keyOf(row) + size_t{1}]++;
  for (size_t key = 0; key < keys; key++) starts[key + 1] += starts[key];
  std::vector<uint32_t> sorted(rows.size());
  for (uint32_t row : rows) sorted[starts[keyOf(row)]++] = row;
  return sorted;
}

void place(FileOrder& order, uint32_t rows) {
  order.places.assign(rows, kNoRow);
  for (size_t i = 0; i < order.rows.size(); i++) order.places[order.rows[i]] = static_cast<uint32_t>(i);
}

}  // namespace

FileOrder orderByGraph(const Graph& graph, const RowBits& live, const RowBits& gone, uint32_t rows) {
  std::vector<uint32_t> cells(rows, kOutside);
  size_t present = 0;
  for (uint32_t row = 0; row < rows; row++) {
    if (!live.has(row) && !gone.has(row)) continue;
    cells[row] = kUnmet;
    present++;
  }
  FileOrder order;
  order.rows = divide(graph, cells, present);
  uint32_t most = 0;
  for (uint32_t row : order.rows) most = std::max(most, cells[row] + 1);
  order.rows = sortedBy(order.rows, most, [&cells](uint32_t row) { return cells[row]; });
  order.rows = sortedBy(order.rows, kMaxLevel + 1, [&graph](uint32_t row) { return kMaxLevel - graph.level(row); });
  for (uint32_t row : order.rows) order.levels[graph.level(row)]++;
  order.levels[0] = 0;
  place(order, rows);
  return order;
}

FileOrder orderAsTheyAre(const RowBits& live, uint32_t rows) {
  FileOrder order;
  for (uint32_t row = 0; row < rows; row++) {
    if (live.has(row)) order.rows.push_back(row);
  }
  place(order, rows);
  return order;
}

}  // namespace kairank
