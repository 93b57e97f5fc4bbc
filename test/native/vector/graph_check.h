#pragma once
// The graph of an index, as its file shows it.

#include <cstring>
#include <string>
#include <vector>

#include "../../../native/vector/file.h"
#include "../../../native/vector/file_layout.h"
#include "temporary.h"
#include "vectors.h"

namespace vectors {

/// A file has every link: equal files are equal graphs.
inline std::string fileBytes(const VectorIndex& index) {
  const temporary::Folder folder;
  const std::string path = folder.file("index");
  kairank::saveIndex(index, path);
  return temporary::readAll(path);
}

/// No row leads to itself or twice to another, and links of a level lead to rows that reach up to it.
inline void checkGraph(const VectorIndex& index, const std::string& words) {
  const std::string bytes = fileBytes(index);
  kairank::FileHeader header;
  std::memcpy(&header, bytes.data(), sizeof header);
  std::vector<uint32_t> levels;
  for (uint32_t level = kairank::kMaxLevel; level > 0; level--)
    levels.insert(levels.end(), header.levels[level], level);
  levels.resize(header.rows, 0);
  const auto check = [&](uint32_t row, uint32_t level, uint64_t at, uint32_t most) {
    std::vector<uint32_t> links(most);
    std::memcpy(links.data(), bytes.data() + at, most * sizeof(uint32_t));
    links.erase(std::find(links.begin(), links.end(), kairank::kNoRow), links.end());
    std::sort(links.begin(), links.end());
    CHECK_THAT(std::adjacent_find(links.begin(), links.end()) == links.end(), words << ": row " << row);
    for (uint32_t to : links) {
      CHECK_THAT(to < header.rows && to != row && levels[to] >= level, words << ": from " << row << " to " << to);
    }
  };
  uint64_t at = header.sections[static_cast<size_t>(kairank::Section::links)].offset;
  uint64_t above = header.sections[static_cast<size_t>(kairank::Section::upperLinks)].offset;
  for (uint32_t row = 0; row < header.rows; row++, at += uint64_t{header.m} * 2 * sizeof(uint32_t)) {
    check(row, 0, at, header.m * 2);
    for (uint32_t level = 1; level <= levels[row]; level++, above += header.m * sizeof(uint32_t)) {
      check(row, level, above, header.m);
    }
  }
}

}  // namespace vectors
