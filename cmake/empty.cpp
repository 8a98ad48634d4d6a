// SPDX-License-Identifier: Apache-2.0
// A library that has nothing but precompiled headers needs one file.
