// hnswlib's files: what is written is read back, and altered ones are refused or stay within bounds, whatever is done
// with what they give.

#include <cstring>
#include <string>
#include <vector>

#include "../../../native/include/status.h"
#include "../../../native/vector/hnswlib/file.h"
#include "../../../native/vector/hnswlib/labelled_graph.h"
#include "../../../native/vector/hnswlib/labelled_rows.h"
#include "../check.h"
#include "../kernels/random.h"

using kairank::HnswlibElement;
using kairank::HnswlibGraph;
using kairank::HnswlibRows;
using kairank::LabelledGraph;
using kairank::LabelledGraphSettings;
using kairank::LabelledRows;
using kairank::MemoryReader;
using kairank::MemoryWriter;
using kairank::Space;

namespace {

using Bytes = std::vector<uint8_t>;

constexpr size_t kDim = 3;

LabelledGraph graphOf(uint32_t m, uint64_t capacity, uint64_t count) {
  LabelledGraphSettings settings;
  settings.dim = kDim;
  settings.capacity = capacity;
  settings.m = m;
  settings.efConstruction = 20;
  LabelledGraph graph(settings);
  Random random(count);
  for (uint64_t label = 0; label < count; ++label) {
    const float point[kDim] = {random.signedUnit(), random.signedUnit(), random.signedUnit()};
    graph.add(point, label, false);
  }
  for (uint64_t label = 0; label < count; label += 5) graph.markDeleted(label);
  return graph;
}

Bytes graphBytes(uint32_t m, uint64_t capacity, uint64_t count) {
  MemoryWriter writer;
  graphOf(m, capacity, count).write(writer);
  return writer.bytes;
}

HnswlibGraph readGraph(const Bytes& bytes, size_t dim = kDim) {
  MemoryReader reader(bytes.data(), bytes.size());
  return kairank::readHnswlibGraph(reader, dim);
}

Bytes rowsBytes(uint64_t capacity, uint32_t count) {
  Random random(count);
  std::vector<float> vectors(count * kDim);
  for (float& value : vectors) value = random.signedUnit();
  MemoryWriter writer;
  kairank::writeHnswlibRows(writer, kDim, capacity, count, [&](uint32_t row) {
    HnswlibElement element;
    element.label = row * 10;
    element.vector = vectors.data() + row * kDim;
    return element;
  });
  return writer.bytes;
}

HnswlibRows readRows(const Bytes& bytes, size_t dim = kDim) {
  MemoryReader reader(bytes.data(), bytes.size());
  return kairank::readHnswlibRows(reader, dim);
}

/// The words of the refusal, or "" where it was accepted.
template <typename Read>
std::string refusal(Read read) {
  try {
    read();
  } catch (const kairank::Error& error) {
    return error.what();
  }
  return "";
}

template <typename T>
void set(Bytes& bytes, size_t offset, T value) {
  std::memcpy(bytes.data() + offset, &value, sizeof value);
}

const std::string kWords = "Index seems to be corrupted or unsupported";

/// An element by element reading of the format as its header describes it: two points, one link each way.
void readsWorkedExample() {
  MemoryWriter file;
  const auto put = [&](auto value) { file.write(&value, sizeof value); };
  for (const uint64_t field : {0, 7, 2, 4 + 16 + 4 + 8, 4 + 16 + 4, 4 + 16}) put(field);
  put(int32_t{1});
  put(uint32_t{1});
  for (const uint64_t field : {2, 4, 2}) put(field);
  put(1.4426950408889634);
  put(uint64_t{200});
  for (const uint32_t word : {1u | 1u << 16, 1u, 9u, 9u, 9u}) put(word);  // deleted; what follows its link is leftover
  put(0.5f);
  put(uint64_t{1} << 40);
  for (const uint32_t word : {1u, 0u, 0u, 0u, 0u}) put(word);
  put(-2.0f);
  put(uint64_t{12});
  put(uint32_t{0});
  for (const uint32_t word : {12u, 0u, 0u, 0u}) put(word);

  const HnswlibGraph graph = readGraph(file.bytes, 1);
  CHECK(graph.header.maxElements == 7 && graph.header.m == 2 && graph.header.efConstruction == 200);
  CHECK(graph.links.entry == 1 && graph.links.levels == std::vector<uint32_t>({0, 1}));
  CHECK(graph.labels == std::vector<uint64_t>({uint64_t{1} << 40, 12}));
  CHECK(graph.deleted == std::vector<uint8_t>({1, 0}));
  CHECK(graph.vectors == std::vector<float>({0.5f, -2.0f}));
  CHECK(graph.links.at(0, 0).count == 1 && graph.links.at(0, 0).rows[0] == 1);
  CHECK(graph.links.at(1, 0).count == 1 && graph.links.at(1, 0).rows[0] == 0);
  CHECK(graph.links.at(1, 1).count == 0);
}

void readsWhatItWrites() {
  for (const uint32_t m : {2, 5, 16}) {
    for (const uint64_t count : {0, 1, 2, 50, 300}) {
      const Bytes bytes = graphBytes(m, count + 3, count);
      const HnswlibGraph file = readGraph(bytes);
      CHECK(file.header.maxElements == count + 3 && file.header.m == m && file.labels.size() == count);
      if (count == 0) continue;
      MemoryWriter again;
      LabelledGraph(Space::l2, kDim, false, file).write(again);
      CHECK(again.bytes == bytes);
    }
  }
  const HnswlibRows rows = readRows(rowsBytes(9, 4));
  CHECK(rows.maxElements == 9 && rows.labels == std::vector<uint64_t>({0, 10, 20, 30}));
  CHECK(rows.vectors.size() == 4 * kDim);
}

/// Each field of the header, altered alone to what does not fit the rest.
void refusesFieldsThatDoNotFit() {
  const Bytes good = graphBytes(4, 60, 50);
  struct Field {
    size_t offset;
    size_t size;
    std::vector<uint64_t> values;
  };
  const uint64_t huge = ~uint64_t{0};
  const std::vector<Field> fields = {
      {0, 8, {1, huge}},               // offset of level 0
      {8, 8, {0, 49}},                 // max elements
      {16, 8, {0, 49, 51, 61, huge}},  // elements
      {24, 8, {0, 55, 57, huge}},      // bytes an element
      {32, 8, {0, 47, 49, huge}},      // offset of the label
      {40, 8, {0, 35, 37, huge}},      // offset of the vector
      {48, 4, {0xFFFFFFFF, 60}},       // highest level
      {52, 4, {50, 0xFFFFFFFF}},       // entry
      {56, 8, {0, 5, 20000, huge}},    // m
      {64, 8, {0, 9, huge}},           // m at level 0
      {72, 8, {0, 5, 20000, huge}},    // m
  };
  for (const Field& field : fields) {
    for (const uint64_t value : field.values) {
      Bytes bytes = good;
      std::memcpy(bytes.data() + field.offset, &value, field.size);
      const std::string words = refusal([&] { readGraph(bytes); });
      CHECK_THAT(words.rfind(kWords, 0) == 0, "field at " << field.offset << " = " << value << ": " << words);
    }
  }
  CHECK(refusal([&] { readGraph(good, 4); }) == "The file has points of 3 dimensions, not of 4");
  CHECK(refusal([&] { readRows(rowsBytes(5, 2), 2); }) == "The file has points of 3 dimensions, not of 2");
  // An element's own fields: links beyond the room, to no element, unknown marks; a level list of no whole size.
  for (const uint32_t word : {9u, 0xFFFFu, 1u << 17, 0x80000000u}) {
    Bytes bytes = good;
    set(bytes, 96, word);
    CHECK(refusal([&] { readGraph(bytes); }).rfind(kWords, 0) == 0);
  }
  Bytes bytes = good;
  set(bytes, 100, uint32_t{50});
  CHECK(refusal([&] { readGraph(bytes); }) == kWords + ": a link leads to no element");
  // What hnswlib itself notices is refused in its very words: each length but the right one.
  for (size_t size = 0; size < good.size(); ++size) {
    CHECK(refusal([&] { readGraph(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size))); }) == kWords);
  }
  bytes = good;
  bytes.push_back(0);
  CHECK(refusal([&] { readGraph(bytes); }) == kWords);
  const Bytes rows = rowsBytes(5, 2);
  for (size_t size = 0; size < rows.size(); ++size) {
    CHECK(refusal([&] { readRows(Bytes(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(size))); }) == kWords);
  }
}

/// Does everything with a graph that came from bytes that nobody vouches for.
void useGraph(HnswlibGraph file, Random& random) {
  LabelledGraph graph(Space::l2, kDim, random.below(2) == 0, file);
  float point[kDim] = {random.signedUnit(), random.signedUnit(), random.signedUnit()};
  const size_t k = random.below(20);
  CHECK(graph.search(point, k, 3, nullptr).size() <= k);
  CHECK(graph.search(point, k, 1000, nullptr).size() <= k);
  const std::vector<uint64_t> labels = graph.labels();
  const uint64_t label = labels.empty() ? 1 : labels[random.below(labels.size())];
  refusal([&] { graph.add(point, label, false); });
  refusal([&] { graph.markDeleted(label); });
  refusal([&] { graph.add(point, ~uint64_t{0} - 1, true); });
  refusal([&] { graph.resize(graph.size() + 2); });
  refusal([&] { graph.add(point, ~uint64_t{0} - 2, false); });
  refusal([&] { graph.unmarkDeleted(label); });
  refusal([&] { graph.point(label); });
  CHECK(graph.search(point, 5, 3, nullptr).size() <= 5);
  MemoryWriter writer;
  graph.write(writer);
  if (graph.size() > 0) CHECK(refusal([&] { readGraph(writer.bytes); }) == "");
}

void useRows(const HnswlibRows& file, Random& random) {
  LabelledRows rows(Space::ip, kDim, file);
  float point[kDim] = {random.signedUnit(), random.signedUnit(), random.signedUnit()};
  const uint64_t label = file.labels.empty() ? 1 : file.labels[random.below(file.labels.size())];
  refusal([&] { rows.add(point, label); });
  refusal([&] { rows.add(point, ~uint64_t{0}); });
  rows.remove(label);
  rows.remove(0);
  CHECK(rows.search(point, 5, nullptr).size() <= 5);
}

/// A value that is likely to hurt: small, huge, near a power of two, or any.
uint64_t hurtful(Random& random) {
  switch (random.below(5)) {
    case 0: return random.below(70);
    case 1: return ~uint64_t{0} - random.below(3);
    case 2: return (uint64_t{1} << random.below(64)) - random.below(3);
    case 3: return 0;
    default: return random.next();
  }
}

Bytes mutated(const Bytes& good, Random& random) {
  Bytes bytes = good;
  const size_t changes = 1 + random.below(4);
  for (size_t change = 0; change < changes && !bytes.empty(); ++change) {
    // Headers and the lists of links hurt most: half of the changes are made in the first 200 bytes.
    const size_t range = random.below(2) ? std::min<size_t>(bytes.size(), 200) : bytes.size();
    const size_t offset = random.below(range);
    switch (random.below(6)) {
      case 0: bytes[offset] ^= static_cast<uint8_t>(1u << random.below(8)); break;
      case 1: bytes.resize(random.below(bytes.size() + 1)); break;
      case 2: bytes.insert(bytes.end(), random.below(100), static_cast<uint8_t>(random.next())); break;
      case 3: {
        const uint64_t value = hurtful(random);
        const size_t aligned = offset / 8 * 8;
        if (aligned + 8 <= bytes.size()) set(bytes, aligned, value);
        break;
      }
      default: {
        const uint32_t value = static_cast<uint32_t>(hurtful(random));
        const size_t aligned = offset / 4 * 4;
        if (aligned + 4 <= bytes.size()) set(bytes, aligned, value);
        break;
      }
    }
  }
  return bytes;
}

void survivesAnyBytes() {
  Random random(20240607);
  const std::vector<Bytes> graphs = {graphBytes(2, 40, 40), graphBytes(4, 60, 50), graphBytes(16, 9, 3),
                                     graphBytes(3, 5, 0)};
  const std::vector<Bytes> rows = {rowsBytes(9, 4), rowsBytes(20, 20), rowsBytes(2, 0)};
  size_t accepted = 0;
  for (int round = 0; round < 40000; ++round) {
    const Bytes bytes = mutated(graphs[random.below(graphs.size())], random);
    HnswlibGraph file;
    if (!refusal([&] { file = readGraph(bytes); }).empty()) continue;
    ++accepted;
    useGraph(std::move(file), random);
  }
  CHECK_THAT(accepted > 1000, accepted << " files were accepted");
  accepted = 0;
  for (int round = 0; round < 20000; ++round) {
    const Bytes bytes = mutated(rows[random.below(rows.size())], random);
    HnswlibRows file;
    if (!refusal([&] { file = readRows(bytes); }).empty()) continue;
    ++accepted;
    useRows(file, random);
  }
  CHECK_THAT(accepted > 1000, accepted << " files were accepted");
}

}  // namespace

int main() {
  check::test("a worked example", readsWorkedExample);
  check::test("what is written is read", readsWhatItWrites);
  check::test("fields that do not fit", refusesFieldsThatDoNotFit);
  check::test("altered files", survivesAnyBytes);
  return check::finish();
}
