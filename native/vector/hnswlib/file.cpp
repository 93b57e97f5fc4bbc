#include "file.h"

#include <cmath>
#include <cstring>
#include <string>

#include "../../include/limits.h"
#include "../../include/status.h"

namespace kairank {
namespace {

constexpr uint64_t kGraphHeaderBytes = 96;
constexpr uint64_t kRowsHeaderBytes = 24;
constexpr uint64_t kLabelBytes = 8;
constexpr uint64_t kLinkBytes = 4;
constexpr uint64_t kMaxVectorBytes = uint64_t{0xFFFFFFFF} * sizeof(float);
constexpr uint32_t kDeletedBit = 1u << 16;
constexpr uint32_t kCountMask = 0xFFFFu;

/// In hnswlib's words; `what` is ours, of what hnswlib does not look at.
[[noreturn]] void corrupted(const std::string& what = "") {
  const std::string words = "Index seems to be corrupted or unsupported";
  throw Error(Status::invalidArgument, what.empty() ? words : words + ": " + what);
}

template <typename T>
T next(ByteReader& from) {
  T value;
  if (!from.read(&value, sizeof value)) corrupted();
  return value;
}

template <typename T>
T at(const std::vector<uint8_t>& bytes, uint64_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

template <typename T>
void put(ByteWriter& to, T value) {
  to.write(&value, sizeof value);
}

/// Offsets within one element of a graph's file.
struct Layout {
  uint64_t vector;
  uint64_t label;
  uint64_t size;

  Layout(uint32_t m, uint64_t dim)
      : vector(kLinkBytes + 2 * m * kLinkBytes), label(vector + dim * sizeof(float)), size(label + kLabelBytes) {}
};

/// Of a file that fits itself: whether it fits the index.
void checkDim(uint64_t vectorBytes, uint64_t dim) {
  if (vectorBytes == dim * sizeof(float)) return;
  throw Error(Status::invalidArgument, "The file has points of " + std::to_string(vectorBytes / sizeof(float)) +
                                           " dimensions, not of " + std::to_string(dim));
}

/// The header, once its fields fit each other, and the room to come fits the file.
struct GraphStart {
  HnswlibHeader header;
  uint32_t count;
  uint32_t entry;
  int32_t maxLevel;
};

GraphStart readGraphStart(ByteReader& from, uint64_t dim) {
  if (from.left() < kGraphHeaderBytes) corrupted();
  GraphStart start{};
  const uint64_t offset = next<uint64_t>(from);
  start.header.maxElements = next<uint64_t>(from);
  const uint64_t count = next<uint64_t>(from);
  const uint64_t elementBytes = next<uint64_t>(from);
  const uint64_t labelOffset = next<uint64_t>(from);
  const uint64_t vectorOffset = next<uint64_t>(from);
  start.maxLevel = next<int32_t>(from);
  start.entry = next<uint32_t>(from);
  const uint64_t maxM = next<uint64_t>(from);
  const uint64_t maxM0 = next<uint64_t>(from);
  const uint64_t m = next<uint64_t>(from);
  next<double>(from);  // 1 / ln m: follows from m
  start.header.efConstruction = next<uint64_t>(from);

  if (m > kMaxGraphM || maxM != m || maxM0 != 2 * m) corrupted("its m is not one");
  start.header.m = static_cast<uint32_t>(m);
  const uint64_t vectorBytes = labelOffset - vectorOffset;
  if (offset != 0 || vectorOffset != Layout(start.header.m, 0).vector || labelOffset < vectorOffset ||
      vectorBytes > kMaxVectorBytes || vectorBytes % sizeof(float) != 0 || elementBytes != labelOffset + kLabelBytes) {
    corrupted("its elements have no known layout");
  }
  // Each element has 4 bytes more after all of them.
  if (count > from.left() / (elementBytes + kLinkBytes)) corrupted();
  if (count > start.header.maxElements || count > kMaxRows) corrupted("it has more elements than it may have");
  checkDim(vectorBytes, dim);
  start.count = static_cast<uint32_t>(count);
  return start;
}

/// One list of links: how many, and room for `room`.
void takeLinks(const std::vector<uint8_t>& bytes, uint64_t offset, uint32_t count, uint64_t room, uint32_t rows,
               GraphLinks& out) {
  if (count > room) corrupted("an element has more links than it may have");
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t link = at<uint32_t>(bytes, offset + i * kLinkBytes);
    if (link >= rows) corrupted("a link leads to no element");
    out.links.push_back(link);
  }
  out.starts.push_back(out.links.size());
}

void readElements(ByteReader& from, const GraphStart& start, size_t dim, HnswlibGraph& graph) {
  if (start.count == 0) return;  // and allocate nothing for a dimension that no byte of the file bears out
  const Layout layout(start.header.m, dim);
  std::vector<uint8_t> bytes(layout.size);
  graph.vectors.resize(start.count * dim);
  for (uint32_t row = 0; row < start.count; ++row) {
    if (!from.read(bytes.data(), bytes.size())) corrupted();
    const uint32_t word = at<uint32_t>(bytes, 0);
    if ((word & ~(kCountMask | kDeletedBit)) != 0) corrupted("an element has unknown marks");
    takeLinks(bytes, kLinkBytes, word & kCountMask, 2 * start.header.m, start.count, graph.links);
    graph.deleted.push_back((word & kDeletedBit) != 0);
    graph.labels.push_back(at<uint64_t>(bytes, layout.label));
    if (dim != 0) std::memcpy(graph.vectors.data() + row * dim, bytes.data() + layout.vector, dim * sizeof(float));
  }
}

void readUpperLevels(ByteReader& from, const GraphStart& start, GraphLinks& links) {
  const uint64_t listBytes = kLinkBytes + start.header.m * kLinkBytes;
  std::vector<uint8_t> bytes(listBytes);
  for (uint32_t row = 0; row < start.count; ++row) {
    const uint32_t size = next<uint32_t>(from);
    if (size > from.left()) corrupted();
    if (size % listBytes != 0 || size / listBytes > kMaxLevel) corrupted("an element has no whole number of levels");
    links.upper.push_back(links.starts.size() - 1);
    links.levels.push_back(static_cast<uint32_t>(size / listBytes));
    for (uint32_t level = 0; level < links.levels[row]; ++level) {
      if (!from.read(bytes.data(), bytes.size())) corrupted();
      takeLinks(bytes, kLinkBytes, at<uint32_t>(bytes, 0), start.header.m, start.count, links);
    }
  }
}

/// Whether every walk stays where it belongs: down from the entry, and at each level among rows that have it.
void checkLevels(const GraphStart& start, const GraphLinks& links) {
  if (start.count == 0) {
    if (start.entry != kNoEntry || start.maxLevel != -1) corrupted("it is empty and has an entry");
    return;
  }
  if (start.entry >= start.count) corrupted("its entry is no element");
  if (start.maxLevel < 0 || links.levels[start.entry] != static_cast<uint32_t>(start.maxLevel)) {
    corrupted("its entry is not on its highest level");
  }
  for (uint32_t row = 0; row < start.count; ++row) {
    if (links.levels[row] > static_cast<uint32_t>(start.maxLevel)) corrupted("an element is above its highest level");
    for (uint32_t level = 1; level <= links.levels[row]; ++level) {
      const LinkSpan span = links.at(row, level);
      for (uint32_t i = 0; i < span.count; ++i) {
        if (links.levels[span.rows[i]] < level) corrupted("a link leads to an element that is not on its level");
      }
    }
  }
}

/// Links, and zeros for the room that they leave.
void putLinks(ByteWriter& to, LinkSpan span, uint32_t room, std::vector<uint32_t>& scratch) {
  scratch.assign(room, 0);
  if (span.count > room) throw Error(Status::internal, "an element has more links than its file has room for");
  std::copy(span.rows, span.rows + span.count, scratch.begin());
  to.write(scratch.data(), scratch.size() * kLinkBytes);
}

}  // namespace

HnswlibGraph readHnswlibGraph(ByteReader& from, size_t dim) {
  const GraphStart start = readGraphStart(from, dim);
  HnswlibGraph graph;
  graph.header = start.header;
  graph.links.entry = start.entry;
  readElements(from, start, dim, graph);
  readUpperLevels(from, start, graph.links);
  if (from.left() != 0) corrupted();
  checkLevels(start, graph.links);
  return graph;
}

void writeHnswlibGraph(ByteWriter& to, HnswlibSource& source, size_t dim) {
  const HnswlibHeader header = source.header();
  const Layout layout(header.m, dim);
  const uint32_t count = source.size();
  const uint32_t entry = source.entry();
  put<uint64_t>(to, 0);
  put<uint64_t>(to, header.maxElements);
  put<uint64_t>(to, count);
  put<uint64_t>(to, layout.size);
  put<uint64_t>(to, layout.label);
  put<uint64_t>(to, layout.vector);
  put<int32_t>(to, entry == kNoEntry ? -1 : static_cast<int32_t>(source.level(entry)));
  put<uint32_t>(to, entry);
  put<uint64_t>(to, header.m);
  put<uint64_t>(to, 2 * uint64_t{header.m});
  put<uint64_t>(to, header.m);
  put<double>(to, 1 / std::log(static_cast<double>(header.m)));
  put<uint64_t>(to, header.efConstruction);

  std::vector<uint32_t> scratch;
  for (uint32_t row = 0; row < count; ++row) {
    const LinkSpan span = source.links(row, 0);
    const HnswlibElement element = source.element(row);
    put<uint32_t>(to, span.count | (element.deleted ? kDeletedBit : 0));
    putLinks(to, span, 2 * header.m, scratch);
    to.write(element.vector, dim * sizeof(float));
    put<uint64_t>(to, element.label);
  }
  for (uint32_t row = 0; row < count; ++row) {
    const uint32_t levels = source.level(row);
    put<uint32_t>(to, static_cast<uint32_t>(levels * (kLinkBytes + header.m * kLinkBytes)));
    for (uint32_t level = 1; level <= levels; ++level) {
      const LinkSpan span = source.links(row, level);
      put<uint32_t>(to, span.count);
      putLinks(to, span, header.m, scratch);
    }
  }
}

HnswlibRows readHnswlibRows(ByteReader& from, size_t dim) {
  if (from.left() < kRowsHeaderBytes) corrupted();
  HnswlibRows rows;
  rows.maxElements = next<uint64_t>(from);
  const uint64_t rowBytes = next<uint64_t>(from);
  const uint64_t count = next<uint64_t>(from);
  if (rowBytes < kLabelBytes || rowBytes - kLabelBytes > kMaxVectorBytes || rowBytes % sizeof(float) != 0) {
    corrupted("its elements have no known layout");
  }
  if (rows.maxElements != from.left() / rowBytes || from.left() % rowBytes != 0) corrupted();
  if (count > rows.maxElements || count > kMaxRows) corrupted("it has more elements than it may have");
  checkDim(rowBytes - kLabelBytes, dim);

  rows.vectors.resize(count * dim);
  rows.labels.resize(count);
  for (uint64_t row = 0; row < count; ++row) {
    if (!from.read(rows.vectors.data() + row * dim, dim * sizeof(float))) corrupted();
    rows.labels[row] = next<uint64_t>(from);
  }
  return rows;
}

void writeHnswlibRows(ByteWriter& to, size_t dim, uint64_t maxElements, uint32_t size,
                      const std::function<HnswlibElement(uint32_t row)>& element) {
  const uint64_t rowBytes = dim * sizeof(float) + kLabelBytes;
  put<uint64_t>(to, maxElements);
  put<uint64_t>(to, rowBytes);
  put<uint64_t>(to, size);
  for (uint32_t row = 0; row < size; ++row) {
    const HnswlibElement next = element(row);
    to.write(next.vector, dim * sizeof(float));
    put<uint64_t>(to, next.label);
  }
  // hnswlib keeps the room of elements to come in its files.
  to.zeros((maxElements - size) * rowBytes);
}

}  // namespace kairank
