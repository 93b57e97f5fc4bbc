// Scores of chosen rows of codes, every target, against whole numbers and double. The rows end where the readable
// memory ends, but for the slack that native/kernels/gather/gather.h states.

#include <algorithm>
#include <limits>
#include <vector>

#include "../check.h"
#include "../guarded.h"
#include "oracle.h"
#include "random.h"
#include "tables.h"

namespace {

using kairank::CodeQuery;
using kairank::KernelTable;

constexpr size_t kBlock = 32;

enum class Bits { four, eight };

/// What the values are: anything, or the largest of one sign or of both.
enum class Kind { random, highest, lowest, opposed };
constexpr Kind kKinds[] = {Kind::random, Kind::highest, Kind::lowest, Kind::opposed};

int queryValue(Kind kind, Random& random) {
  switch (kind) {
    case Kind::random: return static_cast<int>(random.below(255)) - 127;
    case Kind::highest: return 127;
    case Kind::lowest:
    case Kind::opposed: break;
  }
  return -127;
}

int rowValue(Bits bits, Kind kind, Random& random) {
  if (bits == Bits::four) return kind == Kind::random ? static_cast<int>(random.below(16)) : 15;
  if (kind == Kind::random) return static_cast<int>(random.below(255)) - 127;
  return kind == Kind::lowest ? -127 : 127;
}

size_t payloadOf(Bits bits, size_t dim) { return bits == Bits::four ? (dim + 1) / 2 : dim; }

/// How rows lie: some bytes between the payload and the trailer, and some behind the trailer.
struct Layout {
  Bits bits;
  size_t dim;
  size_t between;
  size_t behind;

  size_t payload() const { return payloadOf(bits, dim); }
  size_t trailer() const { return payload() + between; }
  size_t stride() const { return trailer() + 8 + behind; }
  size_t blocks() const { return (payload() + kBlock - 1) / kBlock; }
};

/// Rows of values with their codes, and a query with its lanes, all of them written as gather.h says.
class Codes {
 public:
  Codes(const Layout& layout, size_t count, Kind kind, Random& random)
      : layout_(layout),
        query_(layout.dim),
        values_(count * layout.dim),
        trailers_(count * 2),
        lanes_(layout.blocks() * kBlock * (layout.bits == Bits::four ? 2 : 1)),
        codes_((count - 1) * layout.stride() + std::max(layout.blocks() * kBlock, layout.trailer() + 8)) {
    for (int& value : query_) value = queryValue(kind, random);
    for (int& value : values_) value = rowValue(layout.bits, kind, random);
    for (float& value : trailers_) value = random.spread();
    scale_ = random.spread();
    offset_ = random.spread();
    // Whatever is not a value is anything, often the byte whose sign cannot be turned.
    for (size_t i = 0; i < codes_.size(); ++i) {
      codes_[i] = random.below(2) == 0 ? 0x80 : static_cast<uint8_t>(random.next());
    }
    for (size_t r = 0; r < count; ++r) writeRow(r);
    for (size_t j = 0; j < layout.dim; ++j) lanes_[laneOf(j)] = static_cast<int8_t>(query_[j]);
  }

  void setTrailer(size_t row, float scale, float bias) {
    trailers_[2 * row] = scale;
    trailers_[2 * row + 1] = bias;
    writeRow(row);
  }
  void setQuery(float scale, float offset) {
    scale_ = scale;
    offset_ = offset;
  }

  const Layout& layout() const { return layout_; }
  const uint8_t* data() { return codes_.data(); }
  CodeQuery query() { return {lanes_.data(), layout_.blocks(), scale_, offset_}; }

  int64_t product(size_t row) const {
    int64_t sum = 0;
    for (size_t j = 0; j < layout_.dim; ++j) sum += static_cast<int64_t>(query_[j]) * values_[row * layout_.dim + j];
    return sum;
  }

  /// The score in double, and the sum of magnitudes that its roundings are measured by.
  Expected score(size_t row) const {
    const double scale = trailers_[2 * row];
    const double bias = trailers_[2 * row + 1];
    const double scaled = static_cast<double>(scale_) * static_cast<double>(product(row));
    Expected expected;
    expected.value = scale * (scaled + static_cast<double>(offset_)) + bias;
    expected.magnitude = std::fabs(scale) * (std::fabs(scaled) + std::fabs(offset_)) + std::fabs(bias);
    return expected;
  }

  /// The score with the roundings of the formula, and no others.
  float rounded(size_t row) const {
    const float whole = static_cast<float>(product(row));
    const float product = scale_ * whole;
    const float shifted = product + offset_;
    const float scaled = trailers_[2 * row] * shifted;
    return scaled + trailers_[2 * row + 1];
  }

 private:
  /// Where the lane of dimension j is.
  size_t laneOf(size_t j) const {
    if (layout_.bits == Bits::eight) return j;
    const size_t byte = j % layout_.payload();
    return byte / kBlock * 2 * kBlock + (j >= layout_.payload() ? kBlock : 0) + byte % kBlock;
  }

  void writeRow(size_t row) {
    const int* values = values_.data() + row * layout_.dim;
    uint8_t* to = codes_.data() + row * layout_.stride();
    for (size_t j = 0; j < layout_.dim; ++j) {
      const uint8_t code = static_cast<uint8_t>(values[j]);
      if (layout_.bits == Bits::eight) {
        to[j] = code;
      } else if (j < layout_.payload()) {
        to[j] = static_cast<uint8_t>((to[j] & 0xF0) | code);
      } else {
        to[j - layout_.payload()] = static_cast<uint8_t>((to[j - layout_.payload()] & 0x0F) | code << 4);
      }
    }
    std::memcpy(to + layout_.trailer(), &trailers_[2 * row], 8);
  }

  Layout layout_;
  std::vector<int> query_;
  std::vector<int> values_;
  std::vector<float> trailers_;
  float scale_ = 0;
  float offset_ = 0;
  Guarded<int8_t> lanes_;
  Guarded<uint8_t> codes_;
};

bool sameBits(float a, float b) { return std::memcmp(&a, &b, sizeof a) == 0; }

/// Calls the kernel for the rows, on memory that ends with them and with the scores, rounded up to 4.
std::vector<float> scoresOf(const KernelTable& table, Codes& codes, const std::vector<uint32_t>& asked) {
  Guarded<uint32_t> rows(asked.size());
  Guarded<float> out((asked.size() + 3) / 4 * 4);
  std::copy(asked.begin(), asked.end(), rows.data());
  const Layout& layout = codes.layout();
  const auto kernel = layout.bits == Bits::four ? table.gatherI4 : table.gatherI8;
  const CodeQuery query = codes.query();
  CHECK(reinterpret_cast<uintptr_t>(query.lanes) % 32 == 0);
  kernel(query, codes.data(), layout.stride(), layout.trailer(), rows.data(), asked.size(), out.data());
  return std::vector<float>(out.data(), out.data() + asked.size());
}

void checkScores(const KernelTable& table, Codes& codes, const std::vector<uint32_t>& asked) {
  const std::vector<float> scores = scoresOf(table, codes, asked);
  const Layout& layout = codes.layout();
  for (size_t i = 0; i < asked.size(); ++i) {
    const Expected expected = codes.score(asked[i]);
    CHECK_THAT(agrees(scores[i], expected, 6, 4), "dim " << layout.dim << " between " << layout.between << " behind "
                                                         << layout.behind << " count " << asked.size() << " at " << i
                                                         << ": " << scores[i] << ", not " << expected.value);
    if (!std::isnan(expected.value)) CHECK(sameBits(scores[i], codes.rounded(asked[i])));
  }
}

std::vector<uint32_t> anyRows(size_t asked, size_t count, Random& random) {
  std::vector<uint32_t> rows(asked);
  for (uint32_t& row : rows) row = static_cast<uint32_t>(random.below(count));
  return rows;
}

void checkDims(const KernelTable& table, Bits bits) {
  Random random(11);
  std::vector<size_t> dims;
  for (size_t dim = 1; dim <= 300; ++dim) dims.push_back(dim);
  for (const size_t dim : {383, 384, 511, 512, 513, 768, 769, 1000, 1024, 1536, 2047, 3072, 4095, 4096}) {
    dims.push_back(dim);
  }
  for (const size_t dim : dims) {
    for (const Kind kind : kKinds) {
      const Layout layout = {bits, dim, random.below(2) * random.below(70), random.below(2) * random.below(20)};
      const size_t count = 1 + random.below(9);
      Codes codes(layout, count, kind, random);
      checkScores(table, codes, anyRows(random.below(12), count, random));
      // The last row alone: it is the one whose slack ends where memory does.
      checkScores(table, codes, {static_cast<uint32_t>(count - 1)});
    }
  }
}

void checkCounts(const KernelTable& table, Bits bits) {
  Random random(12);
  for (const size_t dim : {31, 100, 128, 150, 333}) {
    for (size_t asked = 0; asked <= 70; ++asked) {
      Codes codes({bits, dim, asked % 5, asked % 3}, 40, Kind::random, random);
      checkScores(table, codes, anyRows(asked, 40, random));
      checkScores(table, codes, std::vector<uint32_t>(asked, 39));
    }
  }
}

/// Each special value as scale and as bias of one row reaches that row alone; in the query it reaches all.
void checkSpecial(const KernelTable& table, Bits bits) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float inf = std::numeric_limits<float>::infinity();
  constexpr size_t kCount = 7;
  Random random(13);
  for (const size_t dim : {20, 100, 200}) {
    for (const float special : {nan, inf, -inf, 0.0f, -0.0f}) {
      for (size_t row = 0; row < kCount; ++row) {
        Codes codes({bits, dim, 3, 2}, kCount, Kind::random, random);
        codes.setTrailer(row, special, 1);
        codes.setTrailer((row + 3) % kCount, 1, special);
        checkScores(table, codes, {0, 1, 2, 3, 4, 5, 6});
        checkScores(table, codes, {static_cast<uint32_t>(row)});
        codes.setQuery(1, special);
        checkScores(table, codes, {0, 1, 2, 3, 4, 5, 6});
        codes.setQuery(special, 1);
        checkScores(table, codes, {6, 5, 4, 3, 2, 1});
      }
    }
  }
}

/// The largest sums that are promised to be exact.
void checkLargest(const KernelTable& table, Bits bits) {
  Random random(14);
  const size_t dim = bits == Bits::four ? 1048576 : 131071;
  for (const Kind kind : {Kind::highest, Kind::lowest, Kind::opposed}) {
    Codes codes({bits, dim, 0, 0}, 5, kind, random);
    checkScores(table, codes, {4, 0, 1, 2, 3});
  }
}

/// A query without blocks: the sums are 0.
void checkNoBlocks(const KernelTable& table, Bits bits) {
  Random random(15);
  Codes codes({bits, 40, 0, 0}, 3, Kind::random, random);
  CodeQuery query = codes.query();
  query.blocks = 0;
  query.offset = 2;
  const uint32_t rows[] = {2, 0, 1};
  float out[4];
  codes.setTrailer(0, 0.5f, 3);
  codes.setTrailer(1, 0, 4);
  codes.setTrailer(2, -1, 5);
  const auto kernel = bits == Bits::four ? table.gatherI4 : table.gatherI8;
  kernel(query, codes.data(), codes.layout().stride(), codes.layout().trailer(), rows, 3, out);
  CHECK(out[0] == 3 && out[1] == 4 && out[2] == 4);
}

}  // namespace

int main() {
  for (const NamedTable& target : tables()) {
    const KernelTable& table = target.table;
    for (const Bits bits : {Bits::four, Bits::eight}) {
      const std::string name = target.name + (bits == Bits::four ? " gatherI4" : " gatherI8");
      check::test(name + " dims", [&] { checkDims(table, bits); });
      check::test(name + " counts", [&] { checkCounts(table, bits); });
      check::test(name + " NaN and infinities", [&] { checkSpecial(table, bits); });
      check::test(name + " largest sums", [&] { checkLargest(table, bits); });
      check::test(name + " no blocks", [&] { checkNoBlocks(table, bits); });
    }
  }
  return check::finish();
}
