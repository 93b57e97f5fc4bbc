// Files that somebody altered: they are refused, or do no harm.

#include "altered.h"

#include "../../../native/include/status.h"
#include "shapes.h"
#include "temporary.h"
#include "vectors.h"

using namespace kairank;
using namespace vectors;
using temporary::Folder;
using temporary::readAll;
using temporary::writeAll;

namespace {

/// With every byte verified, no altered byte goes unseen. A third of them, drawn by seed, are tried.
void testEveryByte() {
  Folder folder;
  Random random(8);
  for (const size_t shape : {0, 4}) {
    Shape small = shapes()[shape];
    small.settings.dim = 3;
    small.settings.m = 2;
    Pair pair(small.settings, small.strings);
    pair.put(range(0, 60), normals(random, 60 * 3));
    pair.remove({4, 5});
    const std::string path = folder.file("index");
    saveIndex(*pair.index, path);
    std::string bytes = readAll(path);
    const FileHeader header = altered::headerOf(bytes);
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    size_t tried = 0;
    for (size_t at = 0; at < bytes.size(); at++) {
      const auto put = [&](char byte) {
        file.seekp(static_cast<std::streamoff>(at));
        file.put(byte);
        file.flush();
      };
      if (!altered::meansSomething(header, at)) continue;
      // Of the header, the end is zeros.
      if (at >= sizeof(FileHeader) && at + 8 < kFilePage && at % 64 != 0) continue;
      if (random.below(3) > 0) continue;
      put(static_cast<char>(bytes[at] ^ static_cast<char>(1 + random.below(255))));
      const Status status = refusal([&] { openIndex(path, true); }).status();
      CHECK_THAT(status == Status::corruptFile || status == Status::unsupportedFormat, "byte " << at);
      put(bytes[at]);
      tried++;
    }
    CHECK_THAT(tried > 1500, tried);
    CHECK(openIndex(path, true)->size() == 58);
  }
}

/// Alters a file in one of many ways; `header` is what it had at first.
void alter(std::string& bytes, const FileHeader& header, Random& random) {
  const auto section = [&]() -> const SectionPlace& {
    for (;;) {
      const SectionPlace& place = header.sections[random.below(kSections)];
      if (place.bytes > 0) return place;
    }
  };
  switch (random.below(9)) {
    case 0:  // bits
      for (size_t i = 0; i <= random.below(8); i++)
        bytes[random.below(bytes.size())] ^= static_cast<char>(1 << random.below(8));
      break;
    case 1: bytes.resize(random.below(bytes.size())); break;
    case 2: bytes.append(1 + random.below(5000), static_cast<char>(random.below(256))); break;
    case 3: {  // two sections change places
      const SectionPlace &a = section(), &b = section();
      const size_t size = std::min(a.bytes, b.bytes);
      if (a.offset != b.offset) {
        std::swap_ranges(&bytes[a.offset], &bytes[a.offset] + size, &bytes[b.offset]);
      }
      break;
    }
    case 4: {  // a header of nothing
      for (size_t i = 0; i < sizeof(FileHeader); i++) {
        if (i >= 16 || random.below(8) == 0) bytes[i] = static_cast<char>(random.next());
      }
      break;
    }
    case 5: {  // one number of the header
      const size_t at = 16 + random.below(sizeof(FileHeader) - 20);
      const uint32_t words[] = {0,          1,          2,          0x7FFFFFFF,
                                0xFFFFFFFF, 0x7F800000, 0x7FC00000, static_cast<uint32_t>(random.next())};
      std::memcpy(&bytes[at / 4 * 4], &words[random.below(8)], 4);
      break;
    }
    case 6: {  // a section of random words, large and small
      const SectionPlace& place = section();
      const uint64_t mask = ~uint64_t{0} >> random.below(64);
      for (size_t at = 0; at + 8 <= place.bytes; at += 8) {
        if (random.below(4) > 0) continue;
        const uint64_t word = random.next() & mask;
        std::memcpy(&bytes[place.offset + at], &word, 8);
      }
      break;
    }
    case 7: {  // a section of NaN, infinities, ones
      const SectionPlace& place = section();
      const uint32_t words[] = {0x7FC00000, 0xFFC00000, 0x7F800000, 0xFF800000, 0xFFFFFFFF, 0, 0x7F7FFFFF};
      const uint32_t word = words[random.below(7)];
      for (size_t at = 0; at + 4 <= place.bytes; at += 4) {
        if (random.below(3) > 0) std::memcpy(&bytes[place.offset + at], &word, 4);
      }
      break;
    }
    default: {  // links and offsets that exist, but are wrong
      const SectionPlace& place = section();
      for (size_t at = 0; at + 4 <= place.bytes; at += 4) {
        const uint32_t word = static_cast<uint32_t>(random.below(header.rows + 2));
        if (random.below(2) > 0) std::memcpy(&bytes[place.offset + at], &word, 4);
      }
    }
  }
}

constexpr int kAltered = 3000;

/// Altered, and sealed again or not, and never verified: it is refused, or does everything within its bounds. What a
/// bound is, the sanitizers know.
void testAltered() {
  Folder folder;
  Random random(9);
  std::vector<std::string> files;
  for (const size_t shape : {0, 4, 7, 14, 20, 26}) {
    Pair pair = filled(shapes()[shape], random);
    if (shape == 4) pair.index->calibrate({});
    saveIndex(*pair.index, folder.file("index"));
    files.push_back(readAll(folder.file("index")));
  }
  int opened = 0;
  for (int turn = 0; turn < kAltered; turn++) {
    const std::string& whole = files[static_cast<size_t>(turn) % files.size()];
    const FileHeader header = altered::headerOf(whole);
    std::string bytes = whole;
    alter(bytes, header, random);
    if (bytes.size() == whole.size() && turn % 4 == 0) alter(bytes, header, random);
    if (turn % 8 != 7) altered::seal(bytes);
    const std::string path = folder.file("altered");
    writeAll(path, bytes);
    try {
      const std::shared_ptr<VectorIndex> index = openIndex(path, Verification::none);
      opened++;
      altered::useEverything(*index, random, folder.file("saved"), turn % 8 < 2);
    } catch (const Error& error) {
      CHECK_THAT(error.status() != Status::internal, error.what());
    }
    if (turn % 8 == 7) {
      // Not sealed: with everything verified it is refused, unless only padding is altered.
      bool meant = bytes.size() != whole.size();
      for (size_t at = 0; !meant && at < bytes.size(); at++) {
        meant = bytes[at] != whole[at] && altered::meansSomething(header, at);
      }
      CHECK_THAT((refusal([&] { openIndex(path, true); }).status() != Status::ok) == meant, "turn " << turn);
    }
  }
  CHECK_THAT(opened > kAltered / 4, opened);
}

}  // namespace

int main() {
  check::test("every byte", testEveryByte);
  check::test("altered files", testAltered);
  return check::finish();
}
