#pragma once
// Files of an index that somebody altered, and everything that can be done with an index of one.

#include <cstring>
#include <string>
#include <vector>

#include "../../../native/vector/crc32c.h"
#include "../../../native/vector/file.h"
#include "../../../native/vector/file_layout.h"
#include "vectors.h"

namespace altered {

using namespace kairank;

inline FileHeader headerOf(const std::string& bytes) {
  FileHeader header{};
  if (bytes.size() >= sizeof header) std::memcpy(&header, bytes.data(), sizeof header);
  return header;
}

/// Makes the checksums of a file right for what it holds now, as somebody would who knows the format.
inline void seal(std::string& bytes) {
  if (bytes.size() < kFilePage) return;
  FileHeader header = headerOf(bytes);
  std::vector<uint32_t> sums;
  for (size_t s = 0; s + 1 < kSections; s++) {
    const SectionPlace& place = header.sections[s];
    if (place.offset > bytes.size() || place.bytes > bytes.size() - place.offset) continue;
    for (uint64_t at = 0; at < place.bytes; at += kFileBlock) {
      sums.push_back(crc32c(bytes.data() + place.offset + at, std::min<uint64_t>(kFileBlock, place.bytes - at)));
    }
  }
  const SectionPlace& last = header.sections[kSections - 1];
  const size_t room = last.offset <= bytes.size() ? std::min<uint64_t>(bytes.size() - last.offset, last.bytes) : 0;
  const size_t size = std::min(sums.size() * sizeof(uint32_t), room);
  if (size > 0) std::memcpy(&bytes[last.offset], sums.data(), size);
  header.checksums = room > 0 ? crc32c(bytes.data() + last.offset, room) : crc32c(nullptr, 0);
  const auto page = headerPage(header);
  std::memcpy(&bytes[0], page.data(), page.size());
}

/// Whether a byte means something: it is in the page of the header or in a section.
inline bool meansSomething(const FileHeader& header, size_t at) {
  if (at < kFilePage) return true;
  for (const SectionPlace& place : header.sections) {
    if (at >= place.offset && at - place.offset < place.bytes) return true;
  }
  return false;
}

/// Does everything that an index can do, whatever it answers.
/// @throws Error
inline void useEverything(VectorIndex& index, Random& random, const std::string& savedTo, bool thoroughly) {
  const uint32_t dim = index.settings().dim;
  const bool strings = index.stringIds();
  const std::vector<float> queries = vectors::normals(random, 3 * size_t{dim});
  SearchOptions options;
  for (const SearchPath path : {SearchPath::graph, SearchPath::exact, SearchPath::automatic}) {
    options.path = path;
    for (const uint32_t k : {1u, 10u, 1000u}) {
      options.k = k;
      for (const SearchHits& hits : index.search(queries.data(), 3, options, 1)) {
        const size_t ids = strings ? hits.texts.size() : hits.numbers.size();
        CHECK(ids == hits.scores.size() && hits.scores.size() <= k);
      }
    }
  }
  options.k = 5;
  options.recall = .9f;
  options.path = SearchPath::graph;
  if (thoroughly) index.search(queries.data(), 1, options, 1);
  const KeyList some = vectors::keysOf(strings, vectors::range(0, 40));
  std::vector<float> vector(dim);
  for (size_t i = 0; i < some.size(); i++) {
    index.has(some, i);
    index.get(some, i, vector.data());
  }
  options.recall = 0;
  options.selection = index.select(some);
  for (const SearchPath path : {SearchPath::graph, SearchPath::exact, SearchPath::automatic}) {
    options.path = path;
    index.search(queries.data(), 3, options, 1);
  }
  Control control;
  index.put(vectors::keysOf(strings, vectors::range(20, 40)), vectors::normals(random, 40 * size_t{dim}).data(), 2,
            control);
  index.remove(some, 1);
  if (thoroughly) {
    index.remove(vectors::keysOf(strings, vectors::range(0, 2000)), 2);  // enough to mend the graph
    index.put(vectors::keysOf(strings, vectors::range(0, 100)), vectors::normals(random, 100 * size_t{dim}).data(), 2,
              control);
    saveIndex(index, savedTo);
    openIndex(savedTo, true);
  }
  index.search(queries.data(), 3, options, 1);
  index.figures();
}

}  // namespace altered
