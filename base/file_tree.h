// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/result.h"

/// Whole folders: what is in one, and copies that are whole or not there.
namespace hone {

/// SHA-256 over what a folder holds: for each file, folder and link below it, in the order of the
/// names' bytes, its name and kind, of a file whether it may be executed and its bytes, of a link
/// where it points. Times, owners and other permissions do not count.
/// @returns nothing: the folder is empty, or is not there
/// @errors  kFailedPrecondition: it holds something else (socket, pipe, device), or a link that
///          leads out of it; kResourceExhausted: more than 100,000 names; else as ErrnoError
Result<std::optional<std::string>> DigestOfTree(const std::filesystem::path& folder);

/// Copies what DigestOfTree takes in. Files share their blocks with the originals where the file
/// system can (FICLONE), else the kernel copies them. `to` appears in one step, when everything is
/// on the disk: whatever happens before, a crash or a full disk, leaves it as it was.
/// @param to      not there, or an empty folder; beside it, `<to>.part` is used and overwritten
/// @param digest  what the copy must have
/// @errors  kDataLoss: the copy has another digest; else as DigestOfTree
Status CopyTree(const std::filesystem::path& from, const std::filesystem::path& to,
                const std::string& digest);

/// The same, but nothing is waited for to be on the disk: for what is made again after a crash of
/// the machine.
Status CopyTreeUnsynced(const std::filesystem::path& from, const std::filesystem::path& to,
                        const std::string& digest);

}  // namespace hone
