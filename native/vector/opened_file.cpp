#include "opened_file.h"

#include <algorithm>
#include <chrono>
#include <system_error>

#include "crc32c.h"

namespace kairank {

namespace {

/// What a walk needs comes first.
constexpr std::array<Section, kSections - 1> kOrder = {
    Section::upperLinks, Section::codes4,  Section::codes8, Section::links,       Section::vectors,
    Section::numbers,    Section::offsets, Section::texts,  Section::calibration, Section::dead,
};

constexpr auto kPause = std::chrono::microseconds(200);
constexpr int kPauses = 100;                // at a time at the most: under constant searches the file is verified too
constexpr uint64_t kTurn = 4 * kFileBlock;  // bytes between two times

}  // namespace

OpenedFile::OpenedFile(const std::string& path) : file_(path), header_(readHeader(file_)) {
  const SectionPlace& place = placeOf(Section::checksums);
  checksums_.resize(place.bytes / sizeof(uint32_t));
  file_.read(place.offset, checksums_.data(), place.bytes);
  if (crc32c(checksums_.data(), place.bytes) != header_.checksums) {
    refuse("is corrupt: its section of checksums does not match its own");
  }
  verified_[static_cast<size_t>(Section::checksums)].store(true);
}

OpenedFile::~OpenedFile() {
  stopping_.store(true);
  if (thread_.joinable()) thread_.join();
}

void OpenedFile::verifyBlock(Section section, uint64_t number, const uint8_t* bytes, size_t count) const {
  if (crc32c(bytes, count) == checksums_[firstBlockOf(header_, section) + number]) return;
  refuse("is corrupt: block " + std::to_string(number) + " of its section '" + sectionName(section) +
         "' does not match its checksum");
}

void OpenedFile::read(Section section, void* out) const {
  const SectionPlace& place = placeOf(section);
  file_.read(place.offset, out, place.bytes);
  const uint8_t* bytes = static_cast<const uint8_t*>(out);
  for (uint64_t at = 0; at < place.bytes; at += kFileBlock) {
    verifyBlock(section, at / kFileBlock, bytes + at, std::min<uint64_t>(kFileBlock, place.bytes - at));
  }
  verified_[static_cast<size_t>(section)].store(true);
}

void OpenedFile::load(Section section, Region& region) const {
  const SectionPlace& place = placeOf(section);
  if (place.bytes == 0) return;
  if (file_.descriptor() >= 0 && region.map(static_cast<int>(file_.descriptor()), place.offset, place.bytes)) return;
  region.ensure(place.bytes);
  read(section, region.data());
}

void OpenedFile::watch(ColdPart part, Section section, const Region& region, size_t stride) {
  if (placeOf(section).bytes > 0) cold_.watch(part, region.data(), stride, placeOf(section).bytes);
}

/// Blocks are read from the file, not through the mapping: there, the index may have written meanwhile. Returns false
/// when the index was closed.
bool OpenedFile::verifyBlocks(Section section, std::vector<uint8_t>& block, bool background) const {
  const SectionPlace& place = placeOf(section);
  std::atomic<bool>& verified = verified_[static_cast<size_t>(section)];
  if (verified.load(std::memory_order_acquire)) return true;
  block.resize(kFileBlock);
  for (uint64_t at = 0; at < place.bytes; at += kFileBlock) {
    if (at % kTurn == 0) {
      if (background) giveWay();
      file_.announce(place.offset + at, std::min<uint64_t>(2 * kTurn, place.bytes - at));
    }
    if (stopping_.load(std::memory_order_relaxed)) return false;
    const size_t count = std::min<uint64_t>(kFileBlock, place.bytes - at);
    file_.read(place.offset + at, block.data(), count);
    verifyBlock(section, at / kFileBlock, block.data(), count);
  }
  verified.store(true, std::memory_order_release);
  return true;
}

void OpenedFile::giveWay() const {
  for (int i = 0; i < kPauses && readers_.load(std::memory_order_relaxed) > 0; i++) {
    std::this_thread::sleep_for(kPause);
  }
}

void OpenedFile::verify(Section section) const {
  try {
    std::vector<uint8_t> block;
    verifyBlocks(section, block, false);
  } catch (const Error& error) {
    remember(error);
    throw;
  }
}

void OpenedFile::verifyRest() const {
  for (const Section section : kOrder) verify(section);
}

void OpenedFile::verifyAll() {
  verifyRest();
  warm_.store(true, std::memory_order_relaxed);
}

void OpenedFile::trust() {
  for (std::atomic<bool>& verified : verified_) verified.store(true);
}

void OpenedFile::run(const std::function<void()>& afterwards) {
  try {
    std::vector<uint8_t> block;
    for (const Section section : kOrder) {
      if (!verifyBlocks(section, block, true)) return;
    }
    warm_.store(true, std::memory_order_relaxed);
    afterwards();
  } catch (const Error& error) {
    remember(error);
  } catch (const std::exception& error) {
    remember(Error(Status::internal, "The file '" + file_.path() + "' could not be verified: " + error.what()));
  }
}

void OpenedFile::verifyInBackground(std::function<void()> afterwards) {
  try {
    thread_ = std::thread([this, afterwards] { run(afterwards); });
  } catch (const std::system_error&) {
    // The system has no thread left: then the caller waits.
    verifyAll();
    afterwards();
  }
}

void OpenedFile::remember(const Error& error) const {
  std::lock_guard<std::mutex> lock(mutex_);
  if (failed_.load(std::memory_order_relaxed)) return;
  failure_ = error.status();
  message_ = error.what();
  failed_.store(true, std::memory_order_release);
}

void OpenedFile::fail() const { throw Error(failure_, message_); }

}  // namespace kairank
