// Command certificates makes the keys and certificates of a cluster: it reads a list of requests as JSON on stdin and
// writes NAME.key and NAME.crt into the folder given as its only argument. Node can sign, and cannot issue X.509.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"log"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

type request struct {
	Name string `json:"name"`
	// Authority names an earlier request; empty: self-signed authority.
	Authority    string   `json:"authority"`
	CommonName   string   `json:"commonName"`
	Organization []string `json:"organization"`
	Addresses    []string `json:"addresses"`
	Names        []string `json:"names"`
	// Validity relative to now, in seconds; both may be negative.
	FromSeconds  int64 `json:"fromSeconds"`
	UntilSeconds int64 `json:"untilSeconds"`
}

type issued struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func write(path, kind string, bytes []byte, mode os.FileMode) {
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes}), mode); err != nil {
		log.Fatal(err)
	}
}

func main() {
	log.SetFlags(0)
	folder := os.Args[1]
	var requests []request
	if err := json.NewDecoder(os.Stdin).Decode(&requests); err != nil {
		log.Fatal(err)
	}
	known := map[string]issued{}
	now := time.Now()
	for _, wanted := range requests {
		key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
		template := &x509.Certificate{
			SerialNumber: must(rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))),
			Subject:      pkix.Name{CommonName: wanted.CommonName, Organization: wanted.Organization},
			NotBefore:    now.Add(time.Duration(wanted.FromSeconds) * time.Second),
			NotAfter:     now.Add(time.Duration(wanted.UntilSeconds) * time.Second),
			KeyUsage:     x509.KeyUsageDigitalSignature,
			ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
			DNSNames:     wanted.Names,
		}
		for _, address := range wanted.Addresses {
			template.IPAddresses = append(template.IPAddresses, net.ParseIP(address))
		}
		signer := issued{template, key}
		if wanted.Authority == "" {
			template.IsCA, template.BasicConstraintsValid = true, true
			template.KeyUsage |= x509.KeyUsageCertSign
			template.ExtKeyUsage = nil
		} else {
			signer = known[wanted.Authority]
		}
		der := must(x509.CreateCertificate(rand.Reader, template, signer.certificate, &key.PublicKey, signer.key))
		known[wanted.Name] = issued{must(x509.ParseCertificate(der)), key}
		write(filepath.Join(folder, wanted.Name+".crt"), "CERTIFICATE", der, 0o644)
		write(filepath.Join(folder, wanted.Name+".key"), "PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(key)), 0o600)
	}
}
