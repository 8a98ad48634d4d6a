// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace hone::shim {

/// What the trial writes, on its way from a pipe into `output.log`, which never holds more than a
/// quota. When it is reached, the middle of the file is given back to the disk: its beginning and
/// its end stay, each at its place in the stream, so that whoever reads by offset reads on. Two
/// lines tell of the gap, one before and one behind it; both gap and lines lie between whole lines.
/// Where the file system can make no holes, what comes after the quota is dropped.
/// On a full disk the pipe is left alone until there is room: the trial waits, nothing is lost.
struct OutputLog {
  int trial_fd = -1;  // what the trial writes to; ours until no more is started
  int pipe_fd = -1;   // -1: nobody writes any more
  int file_fd = -1;
  std::int64_t quota = 0;  // bytes on the disk; 0: no limit
  std::int64_t end = 0;    // of the stream: bytes that came, kept or not
  std::int64_t gap_begin = 0;
  std::int64_t gap_end = 0;
  bool dropping = false;    // no holes here
  std::size_t waiting = 0;  // bytes of `buffer` that a full disk refused
  char buffer[64 * 1024] = {};
};

/// Makes the file and the pipe. @param log  all zero. @returns false, with errno, if either cannot
/// be made
bool OpenOutput(int folder_fd, const char* name, OutputLog& log);

/// Adds a line of the shim's own, unless the pipe is full.
void Note(OutputLog& log, const char* line);
/// The shim will start nobody any more who writes.
void CloseInput(OutputLog& log);

/// Moves what is there, but not much at once. @returns false if the disk is full
bool Pump(OutputLog& log);

/// Moves all that is left once the trial is over.
void Drain(OutputLog& log);

}  // namespace hone::shim
