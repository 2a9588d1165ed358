package kafkatest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Certs makes certificates for a test in a folder of their own: ca.pem signs broker.pem (key and
// certificate of 127.0.0.1, as the brokers read it) and client.pem with client.key. It returns the
// folder.
func Certs(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	ca := issue(t, nil, "satudata test CA")
	broker, client := issue(t, &ca, "broker"), issue(t, &ca, "client")
	for name, blocks := range map[string][]byte{
		"ca.pem":     ca.pem,
		"broker.pem": append(broker.keyPEM, append(broker.pem, ca.pem...)...),
		"client.pem": client.pem,
		"client.key": client.keyPEM,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), blocks, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

type certificate struct {
	cert        *x509.Certificate
	key         crypto.Signer
	pem, keyPEM []byte
}

// issue makes a certificate signed by ca, or by itself.
func issue(t testing.TB, ca *certificate, name string) certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(time.Now().UnixNano()),
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(24 * time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
		IsCA:                  ca == nil,
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	c := certificate{key: key, cert: template}
	signer := c
	if ca != nil {
		signer = *ca
	}
	der, err := x509.CreateCertificate(rand.Reader, template, signer.cert, key.Public(), signer.key)
	if err != nil {
		t.Fatal(err)
	}
	if c.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	c.pem = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	c.keyPEM = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	return c
}
