package schemas

import "strings"

// ToWrite ends the texts that stand in a proposed contract until its producer writes them.
const ToWrite = "perlu dilengkapi produsen data."

// Written is a text of a contract, "" while it is one that is still to be written.
func Written(text string) string {
	if strings.Contains(text, strings.TrimSuffix(ToWrite, ".")) {
		return ""
	}
	return text
}
