package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := run(ctx, os.Stdout); err != nil {
		fmt.Println(err)
	}
	// Output:
	// assistant  add   map[notes:[water the plants]]
	// assistant  list  map[notes:[water the plants]]
	// reader     add   refused
	// reader     list  map[notes:[]]
}
