package main

import "github.com/bearerguard/bearerguard/internal/bench/peers"

// conformance comes first: what is compared must do the same job.
func (s *suite) conformance() error {
	verdicts, err := peers.Conformance(s.ctx, s.issuer)
	if err != nil {
		return err
	}
	t := table{
		title: "Conformance",
		note:  "Whether each column accepts the good token and refuses the bad ones. What is not as it should be is in bold.",
		head:  []string{"column", "good token"},
	}
	for _, hostile := range s.issuer.Hostiles() {
		t.head = append(t.head, hostile.Name)
	}
	for _, v := range verdicts {
		row := []string{v.Column, answer(v.AcceptsGood, true)}
		for _, accepted := range v.Accepts {
			row = append(row, answer(accepted, false))
		}
		t.add(row...)
	}
	return t.write(s.out)
}

func answer(accepted, right bool) string {
	text := "refused"
	if accepted {
		text = "accepted"
	}
	if accepted != right {
		text = "**" + text + "**"
	}
	return text
}
