#pragma once
// hnswlib's index files, little-endian and without a checksum. Every field of one is doubted: what is read keeps inside
// of itself, whatever the bytes were.
//
// HierarchicalNSW, 96 bytes of header and then the elements:
//   u64 0 | u64 max elements | u64 elements | u64 bytes an element | u64 offset of its label | u64 offset of its vector
//   | i32 highest level | u32 entry element | u64 m | u64 m at level 0, twice as much | u64 m | f64 1 / ln m | u64
//   efConstruction an element: u32 (links at level 0, and bit 16 when deleted) | room for 2 m links | f32 vector | u64
//   label after all of them, an element each: u32 bytes to come | a level: u32 links | room for m links
//
// BruteforceSearch: u64 max elements | u64 bytes an element | u64 elements | room for max elements, each:
//   f32 vector | u64 label

#include <cstdint>
#include <functional>
#include <vector>

#include "byte_stream.h"
#include "row_graph.h"

namespace kairank {

struct HnswlibHeader {
  uint64_t maxElements = 0;
  uint64_t efConstruction = 0;
  uint32_t m = 0;
};

struct HnswlibGraph {
  HnswlibHeader header;
  GraphLinks links;  // checked: rows, levels and the entry are there
  std::vector<uint64_t> labels;
  std::vector<uint8_t> deleted;  // 0 or 1
  std::vector<float> vectors;    // elements x dim
};

/// An element on its way into a file; its vector lives until the next one is asked for.
struct HnswlibElement {
  uint64_t label = 0;
  bool deleted = false;
  const float* vector = nullptr;
};

/// What a graph's file is written from.
class HnswlibSource {
 public:
  virtual ~HnswlibSource() = default;
  virtual HnswlibHeader header() const = 0;
  virtual uint32_t size() const = 0;
  virtual uint32_t entry() const = 0;  // kNoEntry when empty
  virtual uint32_t level(uint32_t row) const = 0;
  virtual LinkSpan links(uint32_t row, uint32_t level) const = 0;
  virtual HnswlibElement element(uint32_t row) = 0;
};

struct HnswlibRows {
  uint64_t maxElements = 0;
  std::vector<uint64_t> labels;
  std::vector<float> vectors;  // elements x dim
};

/// Reads to the end. Throws Error for what hnswlib could not have written of points of `dim` dimensions.
HnswlibGraph readHnswlibGraph(ByteReader& from, size_t dim);
void writeHnswlibGraph(ByteWriter& to, HnswlibSource& source, size_t dim);

/// The same of BruteforceSearch.
HnswlibRows readHnswlibRows(ByteReader& from, size_t dim);
void writeHnswlibRows(ByteWriter& to, size_t dim, uint64_t maxElements, uint32_t size,
                      const std::function<HnswlibElement(uint32_t row)>& element);

}  // namespace kairank
