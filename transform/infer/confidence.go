package infer

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Confidence is how much evidence agrees with a decision.
type Confidence struct {
	Agree int `json:"cocok"` // pieces of evidence that agree
	Of    int `json:"dari"`  // that were looked at
}

// onName is the confidence of a decision that rests on one name.
var onName = Confidence{1, 1}

// Value is the chance, by Laplace's rule of succession, that the next piece of evidence agrees too.
func (c Confidence) Value() float64 { return float64(c.Agree+1) / float64(c.Of+2) }

// MarshalJSON writes the value beside its evidence.
func (c Confidence) MarshalJSON() ([]byte, error) {
	type evidence Confidence
	return json.Marshal(struct {
		Value float64 `json:"nilai"`
		evidence
	}{c.Value(), evidence(c)})
}

// String writes the value as Indonesian readers expect, with its evidence: "0,99 (351/351)".
func (c Confidence) String() string {
	return fmt.Sprintf("%s (%d/%d)", strings.Replace(fmt.Sprintf("%.2f", min(c.Value(), 0.995)), ".", ",", 1), c.Agree, c.Of)
}
