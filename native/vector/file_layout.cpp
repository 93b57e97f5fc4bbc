#include "file_layout.h"

#include <cmath>
#include <cstring>

#include "../include/status.h"
#include "codes.h"
#include "crc32c.h"
#include "rows.h"

namespace kairank {

namespace {

uint64_t roundUp(uint64_t bytes, uint64_t multiple) { return (bytes + multiple - 1) / multiple * multiple; }

size_t at(Section section) { return static_cast<size_t>(section); }

constexpr size_t kChecksumAt = kFilePage - sizeof(uint32_t);

/// Ranges that VectorIndex itself would refuse, or that would make an index of the file something else.
bool settingsInRange(const FileHeader& header) {
  return header.dim >= 1 && header.dim <= kMaxDim && header.metric <= static_cast<uint8_t>(Metric::l2) &&
         header.storage <= static_cast<uint8_t>(Storage::int8) &&
         (header.codes == static_cast<uint8_t>(Codes::int4) || header.codes == static_cast<uint8_t>(Codes::int8)) &&
         (header.flags & ~kFlags) == 0 && header.m >= 2 && header.m <= kMaxM && header.efConstruction >= 1 &&
         header.efConstruction <= kMaxEf;
}

bool countsInRange(const FileHeader& header) {
  const bool graph = (header.flags & kFlagGraph) != 0;
  uint64_t above = 0;
  for (uint32_t rows : header.levels) above += rows;
  const bool entered = graph && header.rows > 0;
  const auto plain = [](float value) { return std::isfinite(value) && value >= 0; };
  return header.rows <= kMaxIndexRows && header.dead <= header.rows && header.levels[0] == 0 &&
         above <= (graph ? header.rows : 0) && (graph || header.dead == 0) &&
         (entered ? header.entry < header.rows : header.entry == kNoRow) && header.points <= kMostPoints &&
         upperLinksOf(header) <= UINT32_MAX && plain(header.largestNorm) && plain(header.worstLoss);
}

bool sectionsInPlace(const FileHeader& header, uint64_t fileBytes) {
  const uint64_t texts = header.sections[at(Section::texts)].bytes;
  if (texts > fileBytes || ((header.flags & kFlagStrings) == 0 && texts > 0)) return false;
  const std::array<SectionPlace, kSections> expected = placeSections(header, texts);
  for (size_t s = 0; s < kSections; s++) {
    if (header.sections[s].offset != expected[s].offset || header.sections[s].bytes != expected[s].bytes) return false;
  }
  return true;
}

}  // namespace

const char* sectionName(Section section) {
  switch (section) {
    case Section::vectors: return "vectors";
    case Section::codes8: return "8-bit codes";
    case Section::codes4: return "4-bit codes";
    case Section::links: return "links";
    case Section::upperLinks: return "upper links";
    case Section::dead: return "removed rows";
    case Section::numbers: return "numeric ids";
    case Section::offsets: return "offsets of ids";
    case Section::texts: return "texts of ids";
    case Section::calibration: return "calibration";
    case Section::checksums: break;
  }
  return "checksums";
}

IndexSettings settingsOf(const FileHeader& header) {
  IndexSettings settings;
  settings.dim = header.dim;
  settings.metric = static_cast<Metric>(header.metric);
  settings.storage = static_cast<Storage>(header.storage);
  settings.codes = static_cast<Codes>(header.codes);
  settings.graph = (header.flags & kFlagGraph) != 0;
  settings.m = header.m;
  settings.efConstruction = header.efConstruction;
  settings.seed = header.seed;
  return settings;
}

uint64_t upperLinksOf(const FileHeader& header) {
  uint64_t links = 0;
  for (uint64_t level = 1; level <= kMaxLevel; level++) links += level * header.levels[level] * header.m;
  return links;
}

std::array<SectionPlace, kSections> placeSections(const FileHeader& header, uint64_t textBytes) {
  const IndexSettings settings = settingsOf(header);
  const bool strings = (header.flags & kFlagStrings) != 0;
  const uint64_t rows = header.rows;
  std::array<SectionPlace, kSections> places{};
  const auto set = [&places](Section section, uint64_t bytes) { places[at(section)].bytes = bytes; };
  set(Section::vectors, rows * vectorBytes(settings));
  set(Section::codes8, rows * CodeLayout(Codes::int8, settings.dim).stride);
  if (settings.codes == Codes::int4) set(Section::codes4, rows * CodeLayout(Codes::int4, settings.dim).stride);
  if (settings.graph) set(Section::links, rows * settings.m * 2 * sizeof(uint32_t));
  set(Section::upperLinks, upperLinksOf(header) * sizeof(uint32_t));
  set(Section::dead, uint64_t{header.dead} * sizeof(uint32_t));
  set(Section::numbers, strings ? 0 : rows * sizeof(double));
  set(Section::offsets, strings ? (rows + 1) * sizeof(uint64_t) : 0);
  set(Section::texts, textBytes);
  set(Section::calibration, uint64_t{header.points} * 2 * sizeof(uint32_t));
  uint64_t end = kFilePage;
  uint64_t blocks = 0;
  for (size_t s = 0; s < kSections; s++) {
    SectionPlace& place = places[s];
    if (s == at(Section::checksums)) place.bytes = blocks * sizeof(uint32_t);
    place.offset = roundUp(end, place.bytes >= kLargeSection ? kLargePage : kFilePage);
    end = place.offset + place.bytes;
    blocks += (place.bytes + kFileBlock - 1) / kFileBlock;
  }
  return places;
}

uint64_t blocksOf(const FileHeader& header, Section section) {
  return (header.sections[at(section)].bytes + kFileBlock - 1) / kFileBlock;
}

uint64_t firstBlockOf(const FileHeader& header, Section section) {
  uint64_t first = 0;
  for (size_t s = 0; s < at(section); s++) first += blocksOf(header, static_cast<Section>(s));
  return first;
}

std::array<uint8_t, kFilePage> headerPage(const FileHeader& header) {
  std::array<uint8_t, kFilePage> page{};
  std::memcpy(page.data(), &header, sizeof header);
  const uint32_t checksum = crc32c(page.data(), kChecksumAt);
  std::memcpy(page.data() + kChecksumAt, &checksum, sizeof checksum);
  return page;
}

void refuseCorrupt(const InputFile& file, const std::string& what) {
  throw Error(Status::corruptFile, "The file '" + file.path() + "' " + what + ".");
}

FileHeader readHeader(const InputFile& file) {
  FileHeader header;
  if (file.size() < kFilePage) {
    std::array<char, kFileMagic.size()> magic{};
    if (file.size() >= magic.size()) file.read(0, magic.data(), magic.size());
    refuseCorrupt(file, magic == kFileMagic ? "is truncated" : "is not an index of kairank");
  }
  std::array<uint8_t, kFilePage> page;
  file.read(0, page.data(), page.size());
  std::memcpy(&header, page.data(), sizeof header);
  if (header.magic != kFileMagic) refuseCorrupt(file, "is not an index of kairank");
  if (header.byteOrder != kByteOrder || header.version != kFileVersion) {
    throw Error(Status::unsupportedFormat, "The file '" + file.path() +
                                               "' is an index of a format that this version of kairank cannot read " +
                                               "(expected version " + std::to_string(kFileVersion) + ", found " +
                                               std::to_string(header.version) + ").");
  }
  if (page != headerPage(header)) refuseCorrupt(file, "is corrupt: its header does not match its checksum");
  // Whoever can compute checksums can write any header.
  if (!settingsInRange(header) || !countsInRange(header)) {
    refuseCorrupt(file, "is corrupt: its header is that of no index");
  }
  const SectionPlace& last = header.sections[at(Section::checksums)];
  if (last.offset > file.size() || last.bytes > file.size() - last.offset) refuseCorrupt(file, "is truncated");
  if (!sectionsInPlace(header, file.size())) refuseCorrupt(file, "is corrupt: its sections are not where they must be");
  if (file.size() > last.offset + last.bytes) refuseCorrupt(file, "is corrupt: there is something behind its end");
  return header;
}

}  // namespace kairank
