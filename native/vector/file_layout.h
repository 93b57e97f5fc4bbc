#pragma once
// What is where in the file of an index: a page with the header, then the sections, each at a multiple of a page, then
// the checksums of their blocks.
//
// Rows come in an order of the file's own: those of the highest level of the graph first, so that their number on each
// level says where the upper links of each are; and within a level, neighbours near each other (file_order.h). Rows
// that are neither live nor in the graph are left out. Everything is little-endian, and numbers of rows are those of
// the file.

#include <array>
#include <cstdint>
#include <string>

#include "file_io.h"
#include "settings.h"

namespace kairank {

enum class Section : uint8_t {
  vectors,      // rows x the bytes of a vector in its storage; empty for int8, where the codes are the vectors
  codes8,       // rows x 8-bit code, as codes.h has it
  codes4,       // rows x 4-bit code, or empty
  links,        // rows x 2m u32, ended by kNoRow
  upperLinks,   // the rows above level 0 in order, level 1 first: level x m u32
  dead,         // u32: rows that were removed and are still in the graph, the longest dead first
  numbers,      // rows x f64: ids, when they are numbers
  offsets,      // rows + 1 x u64: where in the texts the id of a row begins, when they are strings
  texts,        // UTF-8
  calibration,  // points of (u32 ef, f32 recall)
  checksums,    // u32 CRC32C of each block of the sections before
};
constexpr size_t kSections = 11;

/// As an error names it.
const char* sectionName(Section section);

struct SectionPlace {
  uint64_t offset;
  uint64_t bytes;
};

constexpr std::array<char, 8> kFileMagic = {'k', 'a', 'i', 'V', 'E', 'C', '\x1A', '\n'};
constexpr uint32_t kFileVersion = 1;
constexpr uint32_t kByteOrder = 0x01020304;
constexpr size_t kFilePage = 4096;               // of the header, and what sections begin at
constexpr size_t kLargePage = size_t{64} << 10;  // what large sections begin at: the page of any system
constexpr size_t kLargeSection = size_t{1} << 20;
constexpr size_t kFileBlock = size_t{256} << 10;  // bytes under one checksum

struct FileHeader {
  std::array<char, 8> magic;
  uint32_t version;
  uint32_t byteOrder;
  uint32_t dim;
  uint8_t metric;
  uint8_t storage;
  uint8_t codes;
  uint8_t flags;
  uint32_t m;
  uint32_t efConstruction;
  uint64_t seed;
  uint32_t rows;
  uint32_t dead;
  uint32_t entry;     // kNoRow without rows, or without a graph
  uint32_t points;    // of calibration
  uint64_t inserted;  // rows that the graph was ever given
  uint64_t changes;   // since the calibration
  float largestNorm;  // see RowStore
  float worstLoss;
  std::array<uint32_t, kMaxLevel + 1> levels;  // rows on each level; [0]: 0
  std::array<SectionPlace, kSections> sections;
  uint32_t checksums;  // CRC32C of the section of checksums
  uint32_t unused;
};
static_assert(sizeof(FileHeader) == 80 + (kMaxLevel + 1) * 4 + kSections * 16 + 8, "no gaps");
static_assert(sizeof(FileHeader) <= kFilePage - sizeof(uint32_t), "its own checksum ends the page");

constexpr uint8_t kFlagGraph = 1;
constexpr uint8_t kFlagStrings = 2;
constexpr uint8_t kFlags = kFlagGraph | kFlagStrings;
constexpr uint32_t kMostPoints = 64;

IndexSettings settingsOf(const FileHeader& header);

/// u32 in the section of upper links.
uint64_t upperLinksOf(const FileHeader& header);

/// Where the sections are, by what else the header says and the bytes of the texts.
std::array<SectionPlace, kSections> placeSections(const FileHeader& header, uint64_t textBytes);

/// Blocks of a section, and those of all sections before it.
uint64_t blocksOf(const FileHeader& header, Section section);
uint64_t firstBlockOf(const FileHeader& header, Section section);

/// The page that begins a file.
std::array<uint8_t, kFilePage> headerPage(const FileHeader& header);

/// @throws Error(corruptFile), Error(unsupportedFormat), Error(io)
FileHeader readHeader(const InputFile& file);

[[noreturn]] void refuseCorrupt(const InputFile& file, const std::string& what);

}  // namespace kairank
