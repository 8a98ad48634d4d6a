// SPDX-License-Identifier: Apache-2.0

// Asks the GJSON library what paths find in a document, for tests/core/condition_test.cpp:
//
//	cut -f 1 found.txt >paths.txt && go run . <paths.txt >found.txt
//
// In a folder with a go.mod that requires github.com/tidwall/gjson; the build does not need Go.
package main

import (
	"bufio"
	"fmt"
	"os"

	"github.com/tidwall/gjson"
)

func main() {
	document, err := os.ReadFile("document.json")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		found := gjson.GetBytes(document, lines.Text()).Get("@ugly").Raw
		fmt.Printf("%s\t%s\n", lines.Text(), found)
	}
}
