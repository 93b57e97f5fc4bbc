#pragma once
// The file that an index was opened from, for as long as the index lives: its sections are mapped into the index, and
// their blocks are verified while it is already in use.

#include <array>
#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "../include/status.h"
#include "cold.h"
#include "file_io.h"
#include "file_layout.h"
#include "memory.h"

namespace kairank {

class OpenedFile {
 public:
  /// Reads and verifies the header and the checksums.
  /// @throws Error(io), Error(corruptFile), Error(unsupportedFormat)
  explicit OpenedFile(const std::string& path);
  ~OpenedFile();
  OpenedFile(const OpenedFile&) = delete;
  OpenedFile& operator=(const OpenedFile&) = delete;

  const FileHeader& header() const { return header_; }
  [[noreturn]] void refuse(const std::string& what) const { refuseCorrupt(file_, what); }

  /// Copies a section, verified.
  void read(Section section, void* out) const;
  /// Puts a section at the beginning of a region: mapped, or, where that cannot be, copied and verified.
  void load(Section section, Region& region) const;
  /// For what `load` has mapped: lets searches ask for its rows.
  void watch(ColdPart part, Section section, const Region& region, size_t stride);

  /// Verifies a section now, unless it is already.
  /// @throws Error(corruptFile), Error(io)
  void verify(Section section) const;
  /// Everything that is not verified yet.
  void verifyRest() const;
  /// The same, when nobody uses the index meanwhile: everything was then read from the disk.
  void verifyAll();
  /// Leaves everything unverified, for good.
  void trust();
  /// Verifies all sections in a thread of its own, and then does `afterwards` there. Last, when nothing of the file is
  /// loaded any more.
  void verifyInBackground(std::function<void()> afterwards);

  /// @throws Error(corruptFile), Error(io) once something in the file was found that is not as it was written.
  void check() const {
    if (failed_.load(std::memory_order_acquire)) fail();
  }

  /// Pages that may still be on the disk only; null when all were read.
  const ColdPages* cold() const { return warm_.load(std::memory_order_relaxed) ? nullptr : &cold_; }

  /// While one lives, the thread in the background leaves the disk to a search.
  class Reading {
   public:
    explicit Reading(const OpenedFile* file) : file_(file && file->cold() ? file : nullptr) {
      if (file_) file_->readers_.fetch_add(1, std::memory_order_relaxed);
    }
    ~Reading() {
      if (file_) file_->readers_.fetch_sub(1, std::memory_order_relaxed);
    }
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;

    const ColdPages* cold() const { return file_ ? file_->cold() : nullptr; }

   private:
    const OpenedFile* file_;
  };

 private:
  const SectionPlace& placeOf(Section section) const { return header_.sections[static_cast<size_t>(section)]; }
  bool verifyBlocks(Section section, std::vector<uint8_t>& block, bool background) const;
  void verifyBlock(Section section, uint64_t number, const uint8_t* bytes, size_t count) const;
  void run(const std::function<void()>& afterwards);
  void giveWay() const;
  [[noreturn]] void fail() const;
  void remember(const Error& error) const;

  const InputFile file_;
  const FileHeader header_;
  std::vector<uint32_t> checksums_;
  ColdPages cold_;
  mutable std::array<std::atomic<bool>, kSections> verified_{};
  mutable std::atomic<int> readers_{0};
  std::atomic<bool> warm_{false};
  std::atomic<bool> stopping_{false};

  mutable std::mutex mutex_;  // of what follows, until failed_ is set
  mutable std::atomic<bool> failed_{false};
  mutable Status failure_ = Status::ok;
  mutable std::string message_;

  std::thread thread_;
};

}  // namespace kairank
